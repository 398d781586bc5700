import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import { type Look, Observer } from './observe.ts';
import { PHASES, type PhaseName } from './phases.ts';
import type { Frame, Mark, Recording, Row } from './recording.ts';
import { Writer } from './writer.ts';

const FRAME_MS = 250;
const FRAMES_A_ROW = 4;

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

  /** Four looks a second; each fourth is a row, once the program works. */
  async #observe(): Promise<void> {
    for (let count = 1; !this.#isStopped; count++) {
      const due = performance.now() + FRAME_MS;
      this.#writer?.check();
      if (this.#writer === undefined || count % FRAMES_A_ROW !== 0) {
        this.frames.push((await this.observer.frame()).frame);
      } else {
        const { row } = await this.balance();
        if (!this.#isStopped) this.#options.onRow(row);
      }
      await delay(Math.max(0, due - performance.now()), undefined, { signal: this.#options.signal });
    }
  }

  /** Starts the program. Resolves when the file does not grow any more; the program then goes on until `stop`. */
  async grow(): Promise<void> {
    const { look } = await this.observer.frame();
    this.observer.startRows(look);
    await new Promise<void>((resolve) => {
      const { path, fillerPath } = this.#options;
      this.#writer = new Writer({ path, fillerPath }, (name) => {
        const label = PHASES.find((phase) => phase.name === name)?.label ?? name;
        this.phases.push({ name, label, atMs: Math.round(this.observer.now()) });
        if (name === 'steady') resolve();
      });
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
    this.#isStopped = true;
    await this.#writer?.stop();
    await this.ended.catch(() => {});
  }
}
