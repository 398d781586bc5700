import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LabError } from './lab-error.ts';

const promised = promisify(execFile);

/** Runs a program of the host and gives its output; its last words become the error. */
export async function execute(file: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await promised(file, args, {
      cwd,
      maxBuffer: 2 ** 28,
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const lastWords = stderr.trim().split('\n').at(-1) || message;
    throw new LabError(`${file} ${args[0] ?? ''}: ${lastWords}`, { cause: error });
  }
}
