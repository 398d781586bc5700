import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ALLOCATE_BYTES, type PhaseName } from './phases.ts';
import { must } from './terminal.ts';

/** Places in the shared control words. */
export const CONTROL = { pause: 0, stop: 1, never: 2 } as const;

/** What the program's thread is given. */
export interface WorkloadData {
  readonly path: string;
  readonly shared: { readonly control: SharedArrayBuffer; readonly sectorsDone: SharedArrayBuffer };
}

/** The file and another one of its volume. */
export interface WriterFiles {
  readonly path: string;
  readonly fillerPath: string;
}

type Message = { readonly type: 'paused' | 'allocate' } | { readonly type: 'phase'; readonly name: PhaseName };

/** The demo's program (workload.ts) as its observer sees it. */
export class Writer {
  readonly #worker: Worker;
  readonly #control: Int32Array;
  readonly #sectorsDone: BigInt64Array;
  readonly #ended: Promise<unknown>;
  #paused: (() => void) | undefined;
  #failure: Error | undefined;
  #isRunning = true;
  #allocations: Promise<void> = Promise.resolve();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param signal ends the commands that it runs; the thread is ended by `stop` */
  constructor(files: WriterFiles, onPhase: (name: PhaseName) => void, signal: AbortSignal) {
    const shared = { control: new SharedArrayBuffer(12), sectorsDone: new SharedArrayBuffer(16) };
    this.#control = new Int32Array(shared.control);
    this.#sectorsDone = new BigInt64Array(shared.sectorsDone);
    const workerData: WorkloadData = { path: files.path, shared };
    const fail = (error: unknown): void => {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    };
    this.#worker = new Worker(new URL('./workload.js', import.meta.url), { workerData });
    this.#worker.on('message', (message: Message) => {
      if (message.type === 'phase') onPhase(message.name);
      else if (message.type === 'paused') this.#paused?.();
      else this.#allocations = this.#allocations.then(() => allocate(files, signal)).catch(fail);
    });
    this.#worker.on('error', fail);
    this.#ended = once(this.#worker, 'exit').then(() => {
      this.#isRunning = false;
      this.#paused?.();
    });
    this.#ended.catch(() => {});
  }

  /** @throws what ended the program before its time */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Sectors that the program wrote and read so far, by its own account. */
  get sectorsDone(): { readonly written: bigint; readonly read: bigint } {
    return { written: this.#sectorsDone[0] ?? 0n, read: this.#sectorsDone[1] ?? 0n };
  }

  /** Does something while the program rests between two of its calls; one thing after the other. */
  whilePaused<T>(action: () => Promise<T>): Promise<T> {
    // The program answers once: of two who asked at the same time, one would wait for ever.
    const turn = this.#turn.catch(() => {}).then(() => this.#pausedWhile(action));
    this.#turn = turn;
    return turn;
  }

  async #pausedWhile<T>(action: () => Promise<T>): Promise<T> {
    if (this.#isRunning) {
      const paused = new Promise<void>((resolve) => {
        this.#paused = resolve;
      });
      Atomics.store(this.#control, CONTROL.pause, 1);
      await paused;
    }
    try {
      return await action();
    } finally {
      this.#resume();
    }
  }

  #resume(): void {
    this.#paused = undefined;
    this.#wake();
  }

  #wake(): void {
    Atomics.store(this.#control, CONTROL.pause, 0);
    Atomics.notify(this.#control, CONTROL.pause);
  }

  /** Ends the program after the call that it is in. */
  async stop(): Promise<void> {
    Atomics.store(this.#control, CONTROL.stop, 1);
    // Who has asked for a pause is answered by its end, when it ends before it pauses.
    this.#wake();
    await this.#ended;
    await this.#allocations;
  }
}

/** Both files grow, so that the file's next extent may lie elsewhere. */
async function allocate({ path, fillerPath }: WriterFiles, signal: AbortSignal): Promise<void> {
  for (const name of [fillerPath, path]) {
    await must(['fallocate', '-o', `${statSync(name).size}`, '-l', `${ALLOCATE_BYTES}`, name], signal);
  }
}
