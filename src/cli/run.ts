import { DmError, DmParseError, UsageError } from '../mapper/errors.ts';
import { hasCode, SystemError } from '../system/errors.ts';

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

/** What a user is told of an expected error. @param isRoot whether more rights are to be had */
export function lineOf(error: Error, isRoot: boolean): string {
  // Errors of our own say what would be right; Node's only name the call and the path.
  const wantsRights = !isRoot && 'syscall' in error && hasCode(error, 'EACCES', 'EPERM');
  return oneLine(wantsRights && !(error instanceof SystemError) ? `${error.message}; run as root` : error.message);
}

/** Runs a command: its result is the exit status; an expected error is one line and 1, anything else a bug with its stack. */
export function run(main: (argv: readonly string[]) => Promise<number>): void {
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      process.stderr.write(
        isExpected(error)
          ? `${lineOf(error, process.getuid?.() === 0)}\n`
          : `${String((error as Error)?.stack ?? error)}\n`,
      );
      process.exitCode = isExpected(error) ? 1 : 70;
    },
  );
}
