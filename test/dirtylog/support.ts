import type { BlockStore, StoreDone } from '../../src/dirtylog/block-store.ts';
import type { ConformanceTransport } from '../../src/dirtylog/conformance/kernel.ts';
import type { LogEvent, LogRecord } from '../../src/dirtylog/ports.ts';
import {
  constructorData,
  decodeReply,
  encodeRequest,
  type KernelReply,
  regionData,
} from '../../src/dirtylog/protocol/kernel-side.ts';
import { inOrder } from '../../src/dirtylog/resync.ts';
import { LogServer } from '../../src/dirtylog/server.ts';
import type { UlogRequestName } from '../../src/kernel/dm-log-userspace.ts';

export const UUID = 'LVM-abc';
export const LUID = 0xffff_8880_0123_4500n;

/** A store in memory; what is asked of it ends at once, or when `isHeld` is over. */
export class MemoryStore implements BlockStore {
  readonly bytes: Uint8Array;
  readonly sectorBytes = 512;
  readonly label: string;
  /** What was asked: `write OFFSET LENGTH` or `sync`. */
  readonly asked: string[] = [];
  isClosed = false;
  error: { readonly on: 'read' | 'write' | 'sync'; readonly message: string } | undefined;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  constructor(size: number, label = '254:32') {
    this.bytes = new Uint8Array(size);
    this.label = label;
  }

  get size(): number {
    return this.bytes.length;
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  async #ask(what: 'read' | 'write' | 'sync'): Promise<void> {
    await this.#gate;
    if (this.error?.on === what) throw new Error(this.error.message);
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    await this.#ask('read');
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  write(offset: number, bytes: Uint8Array, done: StoreDone): void {
    const copy = bytes.slice();
    this.asked.push(`write ${offset} ${bytes.length}`);
    this.#ask('write').then(() => {
      this.bytes.set(copy, offset);
      done(undefined);
    }, done);
  }

  sync(done: StoreDone): void {
    this.asked.push('sync');
    this.#ask('sync').then(() => done(undefined), done);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A server whose world is memory, and the kernel's side of it. */
export class Harness implements ConformanceTransport {
  readonly device: MemoryStore;
  runs = new Map<string, MemoryStore>();
  /** Whether /run is there. */
  hasRun = false;
  readonly events: LogEvent[] = [];
  readonly pokes: string[] = [];
  records: readonly LogRecord[] = [];
  legSyncs = 0;
  legError: string | undefined;
  nowMs = 0;
  minuteOfDay = 0;
  server: LogServer;
  #sent: Uint8Array[] = [];
  #seq = 0;

  constructor(device: MemoryStore = new MemoryStore(8192)) {
    this.device = device;
    this.server = this.start();
  }

  /** A new server, as after the death of the one before. */
  start(): LogServer {
    this.server = new LogServer({
      send: (bytes, length) => this.#sent.push(bytes.slice(0, length)),
      event: (event) => this.events.push(event),
      poke: (uuid) => this.pokes.push(uuid),
      persist: (records) => {
        this.records = records;
      },
      openDevice: async (name) => {
        if (name === '/dev/none') throw new Error('no such device');
        return this.device;
      },
      openRun: async (uuid, label, bytes, fresh) => {
        if (!this.hasRun) return undefined;
        const key = `${uuid} ${label}`;
        const run = fresh ? undefined : this.runs.get(key);
        const opened = run ?? new MemoryStore(bytes, 'run');
        this.runs.set(key, opened);
        return opened;
      },
      resyncPolicy: () => inOrder,
      syncLegs: async () => {
        this.legSyncs++;
        if (this.legError !== undefined) throw new Error(this.legError);
      },
      now: () => this.nowMs,
      minuteOfDay: () => this.minuteOfDay,
      pause: async () => {},
    });
    return this.server;
  }

  /** Lets all that can run do so. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async exchange(datagram: Uint8Array): Promise<readonly Uint8Array[]> {
    this.server.incoming.bytes.set(datagram);
    this.server.receive(datagram.length);
    await this.settle();
    return this.#sent.splice(0);
  }

  /** What was sent since, read. */
  async replies(): Promise<readonly KernelReply[]> {
    await this.settle();
    return this.#sent.splice(0).map(decodeReply);
  }

  /** Sends a request; the replies to it and to others that came with it. */
  async send(
    type: UlogRequestName,
    data: readonly number[] | Uint8Array = [],
    { luid = LUID, uuid = UUID, seq = ++this.#seq } = {},
  ): Promise<readonly KernelReply[]> {
    const payload = data instanceof Uint8Array ? data : regionData(...data);
    return (await this.exchange(encodeRequest({ type, luid, uuid, seq, data: payload }))).map(decodeReply);
  }

  /** Sends a request that is answered at once; its error and data. */
  async ask(
    type: UlogRequestName,
    data: readonly number[] | Uint8Array = [],
    luid = LUID,
  ): Promise<{ readonly error: number; readonly data: Uint8Array }> {
    const [reply, ...more] = await this.send(type, data, { luid });
    if (reply?.kind !== 'reply' || more.length > 0) throw new Error(`${type}: ${JSON.stringify([reply, ...more])}`);
    return { error: reply.error, data: reply.data };
  }

  /** Constructs and resumes a log. */
  async make(words: string, luid = LUID): Promise<void> {
    await this.ask('CTR', constructorData(words, { reconnects: false }), luid);
    await this.ask('RESUME', [], luid);
  }
}
