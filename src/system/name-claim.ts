import { createServer } from 'node:net';
import { hasCode } from './errors.ts';

/**
 * Claims a name on this machine for as long as this process lives or until it is disposed of: an address in the abstract
 * name space of unix sockets (unix(7)), which leaves no file behind and which the kernel frees whatever ends the process.
 *
 * @returns undefined when another process has it
 */
export async function claimName(name: string): Promise<Disposable | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: `\0${name}` }, resolve);
    });
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
  server.unref();
  return { [Symbol.dispose]: () => void server.close() };
}
