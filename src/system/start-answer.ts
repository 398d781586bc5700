import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * What a process that was just started writes to one of its descriptors until it closes it: that it is ready, or why not.
 *
 * @throws Node's error when the process cannot be started
 */
export async function startAnswer(child: ChildProcess, fd: number): Promise<string> {
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
  });
  return Promise.race([text(child.stdio[fd] as Readable), failed]);
}
