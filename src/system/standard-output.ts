import { writeSync } from 'node:fs';
import { hasCode } from './errors.ts';

const STDOUT = 1;

let stream: typeof process.stdout | undefined;

/** Node's stream of the process's standard output; a failure to write ends the process. */
export function standardStream(): typeof process.stdout {
  stream ??= process.stdout.on('error', endProcess);
  return stream;
}

/**
 * The process's standard output, written by write(2): Node's stream is synchronous too, for files, pipes and terminals,
 * but loading it takes a tenth of a command's start. A failure to write ends the process.
 */
export const standardOutput = {
  write(text: string): void {
    if (stream !== undefined) {
      stream.write(text);
      return;
    }
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      // A pipe that somebody made non-blocking, and that is full: the stream knows how to wait.
      if (hasCode(error, 'EAGAIN')) standardStream().write(bytes.subarray(written));
      else endProcess(error);
    }
  },
};

function endProcess(error: unknown): void {
  // A reader that leaves early, such as head, is no error.
  process.exit(hasCode(error, 'EPIPE') ? 0 : 1);
}
