/** A server for `ProcessServer`: the package's own, in memory; with the word "broken", one that knows no -ESRCH. */
import { MemoryServer } from '../../src/dirtylog/conformance/memory-server.ts';
import { decodeReply } from '../../src/dirtylog/protocol/kernel-side.ts';

const server = new MemoryServer();
const isBroken = process.argv.includes('broken');
const padded = (length: number): number => Math.ceil(length / 4) * 4;
let rest: Uint8Array = new Uint8Array(0);

for await (const chunk of process.stdin) {
  rest = new Uint8Array(Buffer.concat([rest, chunk]));
  while (rest.length >= 4) {
    const length = new DataView(rest.buffer).getUint32(0, true);
    if (rest.length < padded(length)) break;
    for (const reply of await server.exchange(rest.slice(0, length))) {
      const read = decodeReply(reply);
      const bytes = new Uint8Array(padded(reply.length));
      bytes.set(reply);
      if (isBroken && read.kind === 'reply' && read.error === -3) new DataView(bytes.buffer).setInt32(180, -22, true);
      process.stdout.write(bytes);
    }
    rest = rest.slice(padded(length));
  }
}
