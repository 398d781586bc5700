import { keyOf } from '../devices/table-uses.ts';
import { type Run, union } from '../filemap/extents.ts';
import { UsageError } from '../mapper/errors.ts';
import { SystemError } from '../system/errors.ts';
import type { FollowedFile } from './followed-file.ts';
import { reservedEnd, unwrittenPastEnd } from './past-end.ts';
import type { Log } from './run-options.ts';

/** What a reservation stands on. */
export interface ReservationRun {
  readonly file: FollowedFile;
  /** How much to keep reserved. */
  readonly bytes: bigint;
  readonly now: () => number;
  readonly log: Log;
}

/** After the file system has refused; milliseconds. */
const REFUSED_MS = 60_000;

/** What the kernel refuses, and Node in its words. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof UsageError || error instanceof SystemError || (error instanceof Error && 'errno' in error);

/** Space that is kept reserved past the end of a file, so that appends land in regions that are there. */
export class Reservation {
  readonly #run: ReservationRun;
  #isReserving = false;
  /** The end of what others had reserved before: it is theirs. Undefined: not looked at yet. */
  #foreignEnd: bigint | undefined;
  #refusedUntil = Number.NEGATIVE_INFINITY;
  #refusal: string | undefined;

  constructor(run: ReservationRun) {
    this.#run = run;
  }

  /** Reserves again when less than half is left. What the file system refuses is told once. */
  async keep(): Promise<void> {
    const { file, bytes, now, log } = this.#run;
    if (now() < this.#refusedUntil) return;
    try {
      const { size } = file.facts();
      const end = reservedEnd(await file.extentsPastEnd(), size);
      this.#foreignEnd ??= end;
      // Truncated by somebody: with the file's end its owner has lost it.
      if (end < this.#foreignEnd) this.#foreignEnd = 0n;
      if (this.#isReserving && (end - size) * 2n >= bytes) return;
      // Also before the first call fails half way.
      this.#isReserving = true;
      await file.reserve(bytes);
      this.#refusal = undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refusedUntil = now() + REFUSED_MS;
      if (error.message !== this.#refusal) log(1, `Nothing is reserved past the end: ${error.message}`);
      this.#refusal = error.message;
    }
  }

  /** Whether sectors lie past the file's end and were never written: then no I/O to them was missed. */
  async isUnwritten({ start, end }: Run): Promise<boolean> {
    const { file } = this.#run;
    // Composed by way of other devices, sectors are not those that the file's own extents tell.
    const { files = [], device = file.facts().device } = file.located ?? {};
    if (!this.#isReserving || files.length > 0 || keyOf(device) !== keyOf(file.facts().device)) return false;
    const extents = await file.extentsPastEnd();
    return union(unwrittenPastEnd(extents, file.facts().size)).some((run) => run.start <= start && end <= run.end);
  }

  /**
   * Frees what it has reserved, if nobody else has the file open; else it stays, and that is told.
   *
   * @returns whether the file has fewer blocks now
   */
  async release(): Promise<boolean> {
    if (!this.#isReserving) return false;
    this.#isReserving = false;
    const { file, log } = this.#run;
    const foreignEnd = this.#foreignEnd ?? 0n;
    this.#foreignEnd = undefined;
    let reason = 'others have the file open';
    const left = async (): Promise<bigint> => {
      const { size, links } = file.facts();
      // Without a name it goes with the last who has it open.
      const kept = foreignEnd > size ? foreignEnd : size;
      return links === 0 ? 0n : reservedEnd(await file.extentsPastEnd(), size) - kept;
    };
    try {
      if ((await left()) <= 0n) return false;
      if (await file.freePastEnd(foreignEnd)) return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      reason = error.message;
    }
    const bytes = await left().catch(() => this.#run.bytes);
    log(
      0,
      `${bytes} bytes stay reserved past the file's end: ${reason}; when nobody writes, "truncate -s +0 FILE" frees them`,
    );
    return false;
  }
}
