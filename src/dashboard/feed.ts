import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { sampleDevices } from '../stats/sample-devices.ts';
import type { SampleOptions } from '../stats/sampler.ts';
import { layoutText, sampleText } from './encode.ts';

/** Takes events. */
export interface Listener {
  send(event: 'layout' | 'sample', data: string): void;
  /** The feed has failed and ends. */
  fail(error: unknown): void;
}

/**
 * One sampler for any number of listeners. It reads while there are listeners, and nothing while there are none.
 */
export class Feed implements Disposable {
  readonly #dm: DeviceMapper;
  readonly #options: SampleOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<Listener>();
  #layout: string | undefined;
  #stop: AbortController | undefined;

  /** @param now milliseconds since 1970 */
  constructor(dm: DeviceMapper, options: SampleOptions, now: () => number) {
    this.#dm = dm;
    this.#options = options;
    this.#now = now;
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Adds a listener; the answer removes it. The layout comes at once if it is known. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#layout !== undefined) listener.send('layout', this.#layout);
    if (this.#stop === undefined) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this[Symbol.dispose]();
    };
  }

  /** Stops reading. */
  [Symbol.dispose](): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#layout = undefined;
  }

  #start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#run(stop.signal).catch((error: unknown) => {
      if (this.#stop === stop) this[Symbol.dispose]();
      for (const listener of [...this.#listeners]) listener.fail(error);
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    for await (const sample of sampleDevices(this.#dm, { ...this.#options, signal })) {
      if (signal.aborted) return;
      const layout = layoutText(sample);
      if (layout !== this.#layout) this.#tell('layout', layout);
      this.#layout = layout;
      this.#tell('sample', sampleText(sample, this.#now()));
    }
  }

  #tell(event: 'layout' | 'sample', data: string): void {
    for (const listener of this.#listeners) listener.send(event, data);
  }
}
