import { errnoMeaning, errnoName } from '../kernel/errno.ts';

/** The kernel said no to a device-mapper request. */
export class DmError extends Error {
  override readonly name = 'DmError';
  /** The request, such as `DM_TABLE_LOAD`. */
  readonly op: string;
  readonly errno: number;
  /** The error's name, such as `EBUSY`. */
  readonly code: string;
  /** The device that the request was about, as the caller named it. */
  readonly device: string | undefined;
  /** The kernel's own reason, or ours where the cause is known. */
  readonly reason: string | undefined;
  /** What a person can do about it. */
  readonly remedy: string | undefined;

  constructor(facts: {
    readonly op: string;
    readonly errno: number;
    readonly device?: string | undefined;
    readonly reason?: string | undefined;
    readonly remedy?: string | undefined;
  }) {
    const subject = facts.device === undefined ? '' : ` on ${facts.device}`;
    const reason = facts.reason ?? errnoMeaning(facts.errno);
    const remedy = facts.remedy === undefined ? '' : `; ${facts.remedy}`;
    super(`${facts.op}${subject}: ${reason} (${errnoName(facts.errno)})${remedy}`);
    this.op = facts.op;
    this.errno = facts.errno;
    this.code = errnoName(facts.errno);
    this.device = facts.device;
    this.reason = facts.reason;
    this.remedy = facts.remedy;
  }

  /** Whether an error is the kernel's refusal, with one of these codes when any are given. */
  static is(error: unknown, ...codes: readonly string[]): error is DmError {
    return error instanceof DmError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** Text from the kernel or another program that cannot be parsed. */
export class DmParseError extends Error {
  override readonly name = 'DmParseError';
  /** The text that was parsed, one line. */
  readonly text: string;
  /** Where in `text` it went wrong, from 1. */
  readonly column: number;

  constructor(what: string, text: string, column: number) {
    super(`${what} at column ${column} of ${JSON.stringify(text)}`);
    this.text = text;
    this.column = column;
  }
}

/** Words that a person typed and that cannot be served; the message is one line that says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
