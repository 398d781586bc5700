import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { type DevicesSample, sampleDevices } from '../stats/sample-devices.ts';
import type { SampleOptions } from '../stats/sampler.ts';
import { coverageText, filesText, layoutText, logsText, sampleText } from './encode.ts';
import { type AskLogs, wireLogs } from './logs.ts';
import type { Files, WireLogs } from './wire.ts';

/** What the page is told again and again. */
export type FeedEvent = 'layout' | 'files' | 'coverage' | 'logs' | 'sample';

/** Takes events. */
export interface Listener {
  send(event: FeedEvent, data: string): void;
  /** The feed has failed and ends. */
  fail(error: unknown): void;
}

/** How often it is looked where files lie while their regions stay as they are: a file may lose extents too. */
const LOOK_MS = 10_000;

/** Finds where the files of groups lie. */
export type FindFiles = (devices: DevicesSample['devices']) => Promise<Files>;

/**
 * One sampler for any number of listeners. It reads while there are listeners, and nothing while there are none.
 */
export class Feed implements Disposable {
  readonly #dm: DeviceMapper;
  readonly #options: SampleOptions;
  readonly #findFiles: FindFiles;
  readonly #askLogs: AskLogs;
  readonly #now: () => number;
  readonly #listeners = new Set<Listener>();
  /** The last texts of what is told only when it changes, in the order in which it is told. */
  readonly #last = new Map<FeedEvent, string>();
  #stop: AbortController | undefined;
  #isAsking = false;
  #hasLogs = false;

  /** @param now milliseconds since 1970 */
  constructor(dm: DeviceMapper, options: SampleOptions, findFiles: FindFiles, askLogs: AskLogs, now: () => number) {
    this.#dm = dm;
    this.#options = options;
    this.#findFiles = findFiles;
    this.#askLogs = askLogs;
    this.#now = now;
  }

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Adds a listener; the answer removes it. The layout and the files come at once if they are known. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    for (const [event, data] of this.#last) listener.send(event, data);
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
    this.#last.clear();
    this.#hasLogs = false;
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
    let lookAt = 0;
    void this.#tellLogs(signal);
    for await (const sample of sampleDevices(this.#dm, { ...this.#options, signal })) {
      if (signal.aborted) return;
      // Not waited for: a server of logs that hangs must not hold up what the kernel counts.
      void this.#tellLogs(signal);
      const time = this.#now();
      const isNew = this.#tellIfNew('layout', layoutText(sample));
      if (isNew || time >= lookAt) {
        const files = filesText(await this.#findFiles(sample.devices));
        if (signal.aborted) return;
        this.#tellIfNew('files', files);
        lookAt = time + LOOK_MS;
      }
      this.#tellIfNew('coverage', coverageText(sample));
      this.#tell('sample', sampleText(sample, time));
    }
  }

  async #tellLogs(signal: AbortSignal): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const told = await this.#logs(signal);
    this.#isAsking = false;
    if (signal.aborted) return;
    const hasLogs = told.logs.length > 0 || told.problem !== '';
    if (hasLogs || this.#hasLogs) this.#tellIfNew('logs', logsText(told));
    this.#hasLogs = hasLogs;
  }

  async #logs(signal: AbortSignal): Promise<WireLogs> {
    // Of the question, which is not later than the sample's: else the page would show it with the next one only.
    const time = this.#now();
    try {
      const served = await this.#askLogs(signal);
      return { time, logs: served === undefined ? [] : wireLogs(served), problem: '' };
    } catch (error) {
      return { time, logs: [], problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #tellIfNew(event: FeedEvent, data: string): boolean {
    if (this.#last.get(event) === data) return false;
    this.#last.set(event, data);
    this.#tell(event, data);
    return true;
  }

  #tell(event: FeedEvent, data: string): void {
    for (const listener of this.#listeners) listener.send(event, data);
  }
}
