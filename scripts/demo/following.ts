import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import { type Look, Observer } from './observe.ts';
import { PHASES, type PhaseName } from './phases.ts';
import { type Frame, type Mark, PROGRAM_ENDS, type Recording, type Row } from './recording.ts';
import { Writer } from './writer.ts';

const FRAME_MS = 250;
const ROW_MS = 1000;

/** What a look found, and what the program had moved at that very moment. */
export interface Balance {
  readonly look: Look;
  readonly row: Row;
  readonly written: bigint;
  readonly read: bigint;
}

export interface FollowingOptions {
  readonly stats: DeviceStats;
  readonly path: string;
  readonly fillerPath: string;
  readonly alias: string;
  readonly signal: AbortSignal;
  readonly onRow: (row: Row) => void;
}

/** Observes the file all the time and, once it is started, the program that works on it. */
export class Following {
  readonly frames: Frame[] = [];
  readonly rows: Row[] = [];
  readonly phases: { name: PhaseName; label: string; atMs: number }[] = [];
  readonly marks: Mark[] = [];
  readonly observer: Observer;
  /** Rejects when observing or the program fails; else is fulfilled by `stop`. */
  readonly ended: Promise<void>;
  readonly #options: FollowingOptions;
  #writer: Writer | undefined;
  #rowDue = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.observer = new Observer(options.stats, options.path, options.alias);
    this.ended = this.#observe();
    this.ended.catch(() => {});
  }

  get recording(): Omit<Recording, 'kernel' | 'fileSystem'> {
    const { frames, rows, phases, marks } = this;
    return { frames, rows, phases, marks };
  }

  mark(text: string): void {
    this.marks.push({ atMs: Math.round(this.observer.now()), text });
  }

  /** Four looks a second; each second a row, once the program works. */
  async #observe(): Promise<void> {
    // By a fixed beat, so that a second is a second whatever a look costs.
    for (let due = performance.now(); !this.#isStopped; due = Math.max(due + FRAME_MS, performance.now())) {
      await delay(due - performance.now(), undefined, { signal: this.#options.signal });
      this.#writer?.check();
      if (this.#writer === undefined || due < this.#rowDue) {
        this.frames.push((await this.observer.frame()).frame);
      } else {
        this.#rowDue = Math.max(this.#rowDue + ROW_MS, performance.now() + ROW_MS - FRAME_MS);
        const { row } = await this.balance();
        if (!this.#isStopped) this.#options.onRow(row);
      }
    }
  }

  /** Starts the program. Resolves when the file does not grow any more; the program then goes on until `stop`. */
  async grow(): Promise<void> {
    const { look } = await this.observer.frame();
    this.observer.startRows(look);
    await new Promise<void>((resolve) => {
      const { path, fillerPath, signal } = this.#options;
      const onPhase = (name: PhaseName): void => {
        const label = PHASES.find((phase) => phase.name === name)?.label ?? name;
        this.phases.push({ name, label, atMs: Math.round(this.observer.now()) });
        // The first row, a second after the first I/O.
        if (this.phases.length === 1) this.#rowDue = performance.now() + ROW_MS;
        if (name === 'steady') resolve();
      };
      this.#writer = new Writer({ path, fillerPath }, onPhase, signal);
    });
  }

  /** Both accounts at one moment. */
  async balance(): Promise<Balance> {
    const writer = this.#writer;
    if (writer === undefined) throw new Error('the program has not begun');
    return writer.whilePaused(async () => {
      const { written, read } = writer.sectorsDone;
      const { frame, look } = await this.observer.frame();
      const row = this.observer.row(look, frame, this.phases.at(-1)?.name ?? 'append', written + read);
      this.frames.push(frame);
      this.rows.push(row);
      return { look, row, written, read };
    });
  }

  /** Ends the program and the observing. */
  async stop(): Promise<void> {
    this.mark(PROGRAM_ENDS);
    this.#isStopped = true;
    await this.#writer?.stop();
    await this.ended.catch(() => {});
  }
}
