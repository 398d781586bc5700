import { errnoMeaning, errnoName } from '../kernel/errno.ts';

/** A system call said no. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** The call, such as `ioctl(FS_IOC_FIEMAP)`. */
  readonly syscall: string;
  readonly errno: number;
  /** The error's name, such as `ENOTTY`. */
  readonly code: string;

  constructor(syscall: string, errno: number, subject?: string) {
    super(`${syscall}${subject === undefined ? '' : ` on ${subject}`}: ${errnoMeaning(errno)} (${errnoName(errno)})`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/** Whether an error, ours or Node's, carries one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
