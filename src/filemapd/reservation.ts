import { keyOf } from '../devices/table-uses.ts';
import { type Run, union } from '../filemap/extents.ts';
import { UsageError } from '../mapper/errors.ts';
import type { Reserved } from '../stats/followed.ts';
import { SystemError } from '../system/errors.ts';
import type { FollowedFile } from './followed-file.ts';
import { type GroupNotes, isOf } from './group-notes.ts';
import { reservedEnd, unwrittenPastEnd } from './past-end.ts';
import type { Log } from './run-options.ts';

/** What a reservation stands on. */
export interface ReservationRun {
  readonly file: FollowedFile;
  /** How much to keep reserved; undefined: nothing, but what one that was killed has reserved is to be freed. */
  readonly bytes: bigint | undefined;
  /** Those of the group as it is now. */
  readonly notes: () => GroupNotes;
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
  #hasAdopted = false;
  /** What the group's tag says. */
  #recorded: Reserved | undefined;
  #refusedUntil = Number.NEGATIVE_INFINITY;
  #refusal: string | undefined;

  constructor(run: ReservationRun) {
    this.#run = run;
  }

  /** Whether there may be something to free. */
  get isKept(): boolean {
    return this.#isReserving || this.#recorded !== undefined;
  }

  /** Takes what a killed one has reserved for its own. */
  #adopt(recorded: Reserved | undefined): void {
    this.#hasAdopted = true;
    this.#recorded = recorded;
    if (recorded === undefined) return;
    const { device: home, inode } = this.#run.file.facts();
    this.#isReserving = isOf(recorded, { home, inode });
    if (this.#isReserving) this.#foreignEnd = recorded.foreignEnd;
    else this.#run.log(1, 'Space may stay reserved past the end of the file that was followed before');
  }

  /** Reserves again when less than half is left. What the file system refuses is told once. */
  async keep(): Promise<void> {
    const { file, bytes, notes, now, log } = this.#run;
    if (bytes === undefined || now() < this.#refusedUntil) return;
    if (!this.#hasAdopted) this.#adopt(await notes().reserved());
    try {
      const { size } = file.facts();
      const end = reservedEnd(await file.extentsPastEnd(), size);
      this.#foreignEnd ??= end;
      // Truncated by somebody: with the file's end its owner has lost it.
      if (end < this.#foreignEnd) this.#foreignEnd = 0n;
      // First of all: killed after it, there may be less than it says; killed before, nothing is reserved yet.
      await this.#record(this.#foreignEnd);
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

  /**
   * Frees what one that was killed has reserved, when nothing is to be reserved now; where others have the file open, at
   * the end.
   *
   * @param recorded what the group's tag says
   * @returns whether the tag does not say so any more
   */
  async freeLeft(recorded: Reserved | undefined): Promise<boolean> {
    if (this.#run.bytes !== undefined || recorded === undefined || this.#hasAdopted) return false;
    this.#adopt(recorded);
    await this.release();
    return this.#recorded === undefined;
  }

  async #record(foreignEnd: bigint): Promise<void> {
    const { device: home, inode } = this.#run.file.facts();
    const reserved = { home, inode, foreignEnd };
    const known = this.#recorded;
    if (known !== undefined && isOf(known, reserved) && known.foreignEnd === foreignEnd) return;
    await this.#run.notes().writeReserved(reserved);
    this.#recorded = reserved;
  }

  /** Has the tag say that nothing is reserved. */
  async #erase(): Promise<void> {
    this.#isReserving = false;
    this.#foreignEnd = undefined;
    if (this.#recorded === undefined) return;
    await this.#run.notes().eraseReserved(this.#recorded);
    this.#recorded = undefined;
  }

  /** Another file is followed from now on. */
  forget(): void {
    this.#isReserving = false;
    this.#foreignEnd = undefined;
  }

  /** Whether sectors lie past the file's end and were never written: then no I/O to them was missed. */
  async isUnwritten({ start, end }: Run): Promise<boolean> {
    // Most files have none, and this is asked for each growth.
    if (!this.#isReserving) return false;
    const { file } = this.#run;
    // Composed by way of other devices, sectors are not those that the file's own extents tell.
    const { files = [], device = file.facts().device } = file.located ?? {};
    if (files.length > 0 || keyOf(device) !== keyOf(file.facts().device)) return false;
    const extents = await file.extentsPastEnd();
    return union(unwrittenPastEnd(extents, file.facts().size)).some((run) => run.start <= start && end <= run.end);
  }

  /**
   * Frees what it has reserved, if nobody else has the file open; else it stays, that is told, and the tag goes on saying
   * so.
   *
   * @returns whether the file has fewer blocks now
   */
  async release(): Promise<boolean> {
    if (!this.#isReserving) {
      await this.#erase();
      return false;
    }
    const { file, bytes, log } = this.#run;
    const foreignEnd = this.#foreignEnd ?? 0n;
    let reason = 'others have the file open';
    const left = async (): Promise<bigint> => {
      const { size, links } = file.facts();
      // Without a name it goes with the last who has it open.
      const kept = foreignEnd > size ? foreignEnd : size;
      return links === 0 ? 0n : reservedEnd(await file.extentsPastEnd(), size) - kept;
    };
    let isFreed = false;
    let isOver = false;
    try {
      isFreed = (await left()) > 0n && (await file.freePastEnd(foreignEnd));
      isOver = isFreed || (await left()) <= 0n;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      reason = error.message;
    }
    if (isOver) {
      await this.#erase();
      return isFreed;
    }
    const staying = await left().catch(() => bytes ?? 0n);
    log(
      0,
      `${staying} bytes stay reserved past the file's end: ${reason}; when nobody writes, "truncate -s +0 FILE" frees them`,
    );
    return false;
  }
}
