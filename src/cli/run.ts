import { DmError, DmParseError, UsageError } from '../mapper/errors.ts';
import { SystemError } from '../system/errors.ts';

/** One line on a terminal: text from the kernel and from files must not drive it. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Whether an error is the world's doing: its message is all that a user needs. */
export function isExpected(error: unknown): error is Error {
  if (error instanceof DmError || error instanceof DmParseError || error instanceof UsageError) return true;
  return error instanceof SystemError || (error instanceof Error && 'code' in error && 'syscall' in error);
}

/** Runs a command: its result is the exit status; an expected error is one line and 1, anything else a bug with its stack. */
export function run(main: (argv: readonly string[]) => Promise<number>): void {
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      process.stderr.write(
        isExpected(error) ? `${oneLine(error.message)}\n` : `${String((error as Error)?.stack ?? error)}\n`,
      );
      process.exitCode = isExpected(error) ? 1 : 70;
    },
  );
}
