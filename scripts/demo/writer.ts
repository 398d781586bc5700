import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PhaseName } from './phases.ts';

/** Places in the shared control words. */
export const CONTROL = { pause: 0, stop: 1, never: 2 } as const;

/** What the program's thread is given. */
export interface WorkloadData {
  readonly path: string;
  /** Another file of the volume. */
  readonly fillerPath: string;
  readonly shared: { readonly control: SharedArrayBuffer; readonly sectorsDone: SharedArrayBuffer };
}

type Message = { readonly type: 'paused' } | { readonly type: 'phase'; readonly name: PhaseName };

/** The demo's program (workload.ts) as its observer sees it. */
export class Writer {
  readonly #worker: Worker;
  readonly #control: Int32Array;
  readonly #sectorsDone: BigInt64Array;
  readonly #ended: Promise<unknown>;
  #paused: (() => void) | undefined;
  #failure: Error | undefined;
  #isRunning = true;

  constructor(files: Pick<WorkloadData, 'path' | 'fillerPath'>, onPhase: (name: PhaseName) => void) {
    const shared = { control: new SharedArrayBuffer(12), sectorsDone: new SharedArrayBuffer(16) };
    this.#control = new Int32Array(shared.control);
    this.#sectorsDone = new BigInt64Array(shared.sectorsDone);
    const workerData: WorkloadData = { ...files, shared };
    this.#worker = new Worker(new URL('./workload.js', import.meta.url), { workerData });
    this.#worker.on('message', (message: Message) => {
      if (message.type === 'phase') onPhase(message.name);
      else this.#paused?.();
    });
    this.#worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
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

  /** Does something while the program rests between two of its calls. */
  async whilePaused<T>(action: () => Promise<T>): Promise<T> {
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
    Atomics.store(this.#control, CONTROL.pause, 0);
    Atomics.notify(this.#control, CONTROL.pause);
  }

  /** Ends the program after the call that it is in. */
  async stop(): Promise<void> {
    Atomics.store(this.#control, CONTROL.stop, 1);
    this.#resume();
    await this.#ended;
  }
}
