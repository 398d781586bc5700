import { populationOf } from '../../../src/dirtylog/bitmap.ts';
import { mirrBytes, readMirrHeader } from '../../../src/dirtylog/logs/mirr.ts';
import type { LogRecord, ServerPorts } from '../../../src/dirtylog/ports.ts';
import {
  constructorData,
  decodeReply,
  encodeRequest,
  regionData,
  words64,
} from '../../../src/dirtylog/protocol/kernel-side.ts';
import { inOrder, type ResyncPolicy, rangesFirst } from '../../../src/dirtylog/resync.ts';
import { LogServer } from '../../../src/dirtylog/server.ts';
import { ModelDisk } from './disk.ts';
import { ModelLegs } from './legs.ts';
import { type Answer, type Ask, type Asking, Mirror, Violation } from './mirror.ts';
import type { Tape } from './tape.ts';

const UUID = 'LVM-model';
const RESEND_MS = 15_000;
/** A history that has not come to rest after so many steps never will. */
const STEPS_TO_REST = 1000;
const ROUNDS_TO_REST = 60;
/** Microtasks in a row after which nothing that can run is left. */
const HOPS = 24;

interface Outstanding {
  readonly ask: Ask;
  readonly seqs: number[];
}

/** One machine with one mirror and its server, moved step by step by a tape. */
export class World {
  readonly #steps: { readonly step: string | Ask; readonly error: number; readonly values: readonly number[] }[] = [];
  readonly #tape: Tape;
  readonly #kind: 'core' | 'disk';
  readonly #regions: number;
  readonly #words: string;
  /** The regions that are written: those at the borders of words, sectors and blocks. */
  readonly #written: readonly number[];
  /** The regions that matter are copied first, so that a history comes to rest soon. */
  readonly #policy: ResyncPolicy;
  readonly #device: ModelDisk;
  #run: ModelDisk | undefined;
  #records: readonly LogRecord[] = [];
  readonly #legs = new ModelLegs();
  #mirror: Mirror;
  #server: LogServer;
  /** The process that serves; those before it are dead. */
  #life = 0;
  #nowMs = 0;
  #seq = 0;
  #luid = 0xffff_8880_0000_1000n;
  #amount = 1;
  #thread: Asking<void> | undefined;
  #outstanding: Outstanding | undefined;
  #wantsResume = false;
  #hasDiskFailed = false;

  constructor(tape: Tape) {
    this.#tape = tape;
    this.#kind = tape.below(3) === 0 ? 'core' : 'disk';
    this.#regions = [37, 37, 64, 37, 37, 64, 4200, 24_600][tape.below(8)] as number;
    const last = this.#regions - 1;
    this.#written = [0, Math.floor(last / 2), last - 1, last];
    const device = this.#kind === 'disk' ? '254:32 ' : '';
    this.#words = `${this.#regions * 8} clustered-${this.#kind} ${device}8${tape.below(2) === 1 ? ' nosync' : ''}`;
    this.#policy = rangesFirst(
      this.#written.map((region) => ({ first: region, last: region })),
      inOrder,
    );
    this.#device = new ModelDisk(mirrBytes(this.#regions, 512));
    // What was there before is no log, and says that all is clean if it is taken for one.
    this.#device.medium.fill(0xff);
    this.#server = this.#startServer();
    this.#mirror = this.#makeMirror(tape.below(2) === 1);
    // Unless they are said to be alike, the legs differ.
    if (!this.#mirror.words.includes('nosync')) for (const region of this.#written) this.#legs.write(0, region, 0.125);
  }

  #makeMirror(isIntegrated: boolean): Mirror {
    return new Mirror(this.#luid, this.#words, this.#regions, isIntegrated, this.#legs);
  }

  #startServer(): LogServer {
    const life = ++this.#life;
    const isAlive = (): boolean => this.#life === life;
    const ports: ServerPorts = {
      send: (bytes, length) => {
        if (isAlive()) this.#receive(bytes.slice(0, length));
      },
      event: (event) => {
        if (event.type === 'malformed') throw new Violation(`a request was malformed: ${event.reason}`);
        if (isAlive() && event.type === 'needsResume') this.#wantsResume = true;
      },
      poke: () => {},
      persist: (records) => {
        if (!isAlive()) return;
        this.#records = records;
        for (const mirror of this.#server.mirrors) mirror.policy = this.#policy;
      },
      openDevice: async () => this.#device.open('254:32', isAlive),
      openRun: async (_uuid, _label, bytes, fresh) => {
        if (fresh || this.#run === undefined) this.#run = new ModelDisk(bytes);
        return this.#run.open('run', isAlive, () => {
          if (isAlive()) this.#run = undefined;
        });
      },
      resyncPolicy: () => inOrder,
      syncLegs: () => this.#legs.flush(),
      now: () => this.#nowMs,
      minuteOfDay: () => 0,
      pause: async () => {},
    };
    return new LogServer(ports);
  }

  #say(step: string | Ask, error = 0, values: readonly number[] = []): void {
    this.#steps.push({ step, error, values });
  }

  /** What happened, a line a step. */
  get log(): string[] {
    return this.#steps.map(({ step, error, values }) =>
      typeof step === 'string' ? step : `${step.type} ${step.data} -> ${error} ${values}`,
    );
  }

  /** Plays the history: the mirror is made, lives through what the tape says, and comes to rest. */
  async play(): Promise<void> {
    await this.#boot();
    while (!this.#tape.isAtEnd) await this.#step();
    this.#legs.isSecondBroken = false;
    await this.#rest();
  }

  async #boot(): Promise<void> {
    this.#say('boot');
    this.#begin(this.#create());
    await this.#talk();
  }

  *#create(): Asking<void> {
    const mirror = this.#mirror;
    const made = yield* mirror.ask('CTR', mirror.words, 128);
    if (made.error !== 0) throw new Violation(`CTR fails with ${made.error}`);
    const size = yield* mirror.ask('GET_REGION_SIZE', [], 8);
    if (size.values[0] !== 8) throw new Violation(`the region size is ${size.values[0]}`);
    yield* mirror.ask('GET_SYNC_COUNT', [], 8);
    mirror.hint = 0;
    yield* mirror.ask('RESUME');
    mirror.isSuspended = false;
    yield* this.#verify(mirror);
  }

  /** What must hold after a cold start: clean regions are alike, and the store says so in the kernel's format. */
  *#verify(mirror: Mirror): Asking<void> {
    for (const region of this.#written) yield* mirror.isInSync(region);
    const { values } = yield* mirror.ask('GET_SYNC_COUNT', [], 8);
    if (this.#kind === 'core' || !this.#isQuiet()) return;
    const bytes = this.#device.contents();
    const header = readMirrHeader(new DataView(bytes.buffer));
    if (typeof header !== 'object' || !('regions' in header) || header.regions !== this.#regions) {
      throw new Violation(`after RESUME the header is ${JSON.stringify(header)}`);
    }
    const view = new DataView(bytes.buffer, 1024);
    let count = 0;
    for (let at = 0; at + 4 <= view.byteLength; at += 4) {
      const word = view.getUint32(at, true);
      const left = this.#regions - 8 * at;
      if (left < 32 && word >>> Math.max(0, left) !== 0) throw new Violation('bits beyond the last region are set');
      count += populationOf(word);
    }
    if (count !== values[0]) throw new Violation(`${values[0]} regions are in sync, ${count} clean on the device`);
  }

  /** Whether the device was not written since the cold start and did not fail. */
  #isQuiet(): boolean {
    return !this.#hasDiskFailed && this.#mirror.inFlight.length === 0 && this.#device.operations.length === 0;
  }

  /** Lets a thread of the kernel run to its end, everything answered at once. */
  async #runThread(thread: Asking<void>): Promise<void> {
    this.#begin(thread);
    for (let step = 0; this.#thread !== undefined; step++) {
      if (step > STEPS_TO_REST) throw new Violation(`${this.#outstanding?.ask.type} is never answered`);
      await this.#complete();
    }
  }

  #begin(thread: Asking<void>): void {
    this.#thread = thread;
    this.#advance(undefined);
  }

  #advance(answer: Answer | undefined): void {
    const thread = this.#thread;
    if (thread === undefined) return;
    const next = answer === undefined ? thread.next() : thread.next(answer);
    if (next.done === true) {
      this.#thread = undefined;
      this.#outstanding = undefined;
      return;
    }
    this.#outstanding = { ask: next.value, seqs: [] };
    this.#send();
  }

  #send(): void {
    const outstanding = this.#outstanding;
    if (outstanding === undefined) return;
    const { type, luid, data } = outstanding.ask;
    const seq = ++this.#seq;
    outstanding.seqs.push(seq);
    const payload =
      typeof data === 'string'
        ? constructorData(data.replace(/\0$/, ''), { reconnects: data.endsWith('\0') })
        : regionData(...data);
    this.#deliver(encodeRequest({ type, luid, uuid: UUID, seq, data: payload }));
  }

  #deliver(bytes: Uint8Array): void {
    this.#server.incoming.bytes.set(bytes);
    this.#toServer = bytes.length;
  }

  #toServer = 0;
  #toKernel: Uint8Array[] = [];

  #receive(bytes: Uint8Array): void {
    this.#toKernel.push(bytes);
  }

  /** Hands over what was sent, until nobody has anything to say. */
  async #talk(): Promise<void> {
    for (;;) {
      if (this.#toServer > 0) {
        const length = this.#toServer;
        this.#toServer = 0;
        this.#server.receive(length);
      }
      for (let hop = 0; hop < HOPS && this.#toKernel.length === 0; hop++) await undefined;
      const bytes = this.#toKernel.shift();
      if (bytes === undefined) return;
      this.#take(bytes);
    }
  }

  #take(bytes: Uint8Array): void {
    const reply = decodeReply(bytes);
    if (reply.kind !== 'reply') throw new Violation(`a broken reply: ${JSON.stringify(reply)}`);
    const outstanding = this.#outstanding;
    // Only the newest number is matched: those before it were given up.
    if (outstanding === undefined || reply.seq !== outstanding.seqs.at(-1)) return;
    const { ask } = outstanding;
    if (reply.data.length > ask.capacity) {
      throw new Violation(`${ask.type} is answered with ${reply.data.length} bytes, there is room for ${ask.capacity}`);
    }
    const values = ask.type === 'CTR' ? [] : words64(reply.data);
    this.#say(ask, reply.error, values);
    this.#advance({ error: reply.error, values, room: reply.data.length });
  }

  /** What waits for something does, oldest first. */
  async #complete(): Promise<void> {
    await this.#talk();
    if (this.#legs.flushes.length > 0) this.#legs.completeFlush();
    else if (this.#device.operations.length > 0) this.#device.complete(0);
    else if ((this.#run?.operations.length ?? 0) > 0) this.#run?.complete(0);
    else if (this.#outstanding !== undefined && this.#thread !== undefined) {
      // What waits for a log device that failed while it was loaded waits for the server to try again.
      this.#server.tick();
      this.#resend();
    }
    await this.#talk();
  }

  #resend(): void {
    this.#nowMs += RESEND_MS;
    this.#send();
  }

  /** One choice of the tape. */
  async #step(): Promise<void> {
    const tape = this.#tape;
    const choice = tape.below(28);
    if (choice < 5) await this.#work();
    else if (choice < 8) this.#queueWrite();
    else if (choice < 10) this.#reachLeg();
    else if (choice < 13) await this.#completeAny();
    else if (choice < 16) await this.#wholeWrite();
    else if (choice === 16) await this.#tick();
    else if (choice < 19) await this.#wholeTick();
    else if (choice < 21) await this.#restartServer();
    else if (choice < 23) await this.#cutPower();
    else if (choice === 23) this.#resendNow();
    else if (choice === 24) await this.#swap();
    else if (choice === 25) this.#legs.isSecondBroken = !this.#legs.isSecondBroken;
    else if (choice === 26) this.#failDisk();
    else this.#legs.failFlush();
    await this.#talk();
  }

  /** A write that is let through, and reaches the legs or not yet. */
  async #wholeWrite(): Promise<void> {
    await this.#drainThread();
    this.#queueWrite();
    await this.#runThread(this.#mirror.pass());
    if (this.#tape.below(2) === 0) return;
    while (this.#mirror.inFlight.length > 0) this.#mirror.reach(0);
    await this.#runThread(this.#mirror.pass());
  }

  /** Time passes, and all that it begins comes to its end. */
  async #wholeTick(): Promise<void> {
    await this.#tick();
    while (this.#legs.flushes.length + this.#device.operations.length > 0) {
      if (this.#legs.flushes.length > 0) this.#legs.completeFlush();
      else this.#device.complete(0);
      await this.#talk();
    }
  }

  #queueWrite(): void {
    const region = this.#written[this.#tape.below(this.#written.length)] as number;
    this.#say(`write to ${region}`);
    this.#mirror.queue.push({ region, amount: this.#amount++ });
  }

  /** kmirrord goes on, or begins a pass. */
  async #work(): Promise<void> {
    if (this.#thread !== undefined) {
      await this.#completeAny();
      return;
    }
    if (this.#mirror.canCopy) this.#mirror.copy();
    this.#begin(this.#mirror.pass());
    await this.#talk();
  }

  #reachLeg(): void {
    const { inFlight } = this.#mirror;
    if (inFlight.length > 0) this.#mirror.reach(this.#tape.below(inFlight.length));
  }

  async #completeAny(): Promise<void> {
    const { operations } = this.#device;
    const which = this.#tape.below(3);
    if (which === 0 && this.#legs.flushes.length > 0) this.#legs.completeFlush();
    else if (which === 1 && (this.#run?.operations.length ?? 0) > 0) this.#run?.complete(0);
    else if (operations.length > 0) this.#device.complete(this.#tape.below(operations.length));
    else await this.#complete();
  }

  #failDisk(): void {
    const { operations } = this.#device;
    if (operations.length === 0) return;
    this.#say('the log device fails');
    this.#hasDiskFailed = true;
    this.#device.fail(this.#tape.below(operations.length), this.#tape);
  }

  #resendNow(): void {
    if (this.#thread === undefined) return;
    this.#say('a resend after 15 s');
    this.#resend();
  }

  async #tick(): Promise<void> {
    this.#nowMs += 1000;
    this.#server.tick();
    await this.#talk();
  }

  /** The server dies; the kernel goes on and finds another one, which may have the records, or /run's bits, or nothing. */
  async #restartServer(): Promise<void> {
    const loss = this.#tape.below(3);
    this.#say(`the server dies, ${['is adopted', 'has no records', '/run is gone'][loss]}`);
    this.#toServer = 0;
    this.#toKernel = [];
    this.#legs.flushes.length = 0;
    this.#device.abandon(this.#tape);
    this.#run?.abandon(this.#tape);
    if (loss === 2) this.#run = undefined;
    const records = loss === 0 ? this.#records : [];
    this.#server = this.#startServer();
    for (const record of records) void this.#server.adopt(record).catch(() => {});
    if (this.#outstanding !== undefined) this.#resend();
    await this.#talk();
  }

  /** The machine dies and comes back. */
  async #cutPower(): Promise<void> {
    this.#say('the power goes');
    this.#hasDiskFailed = false;
    this.#life++;
    this.#toServer = 0;
    this.#toKernel = [];
    this.#legs.cut(this.#mirror.uncertain);
    this.#device.cut(this.#tape);
    this.#run = undefined;
    this.#records = [];
    this.#thread = undefined;
    this.#outstanding = undefined;
    this.#wantsResume = false;
    this.#server = this.#startServer();
    this.#luid += 0x1000n;
    const { isIntegrated } = this.#mirror;
    this.#mirror = this.#makeMirror(isIntegrated);
    // The table is the same, written down somewhere. A core log remembers nothing: it must not be told that the legs
    // are alike, since it would have to believe it.
    if (this.#kind === 'core') this.#mirror.words = this.#mirror.words.replace(' nosync', '');
    await this.#boot();
  }

  /** The table is replaced by another, or suspended and resumed. */
  async #swap(): Promise<void> {
    if (this.#thread !== undefined) await this.#drainThread();
    const isNew = this.#tape.below(3) > 0;
    this.#say(isNew ? 'a new table' : 'suspend and resume');
    this.#begin(this.#swapping(isNew));
    await this.#talk();
  }

  async #drainThread(): Promise<void> {
    for (let step = 0; this.#thread !== undefined; step++) {
      if (step > STEPS_TO_REST) throw new Violation(`${this.#outstanding?.ask.type} is never answered`);
      await this.#complete();
    }
  }

  *#swapping(isNew: boolean): Asking<void> {
    const mirror = this.#mirror;
    const old = mirror.luid;
    if (isNew) {
      this.#luid += 0x1000n;
      // Unless the old log is in sync, nobody says that it is.
      const words = mirror.words.replace(' nosync', '');
      mirror.luid = this.#luid;
      mirror.words = words;
      yield* mirror.ask('CTR', words, 128);
      yield* mirror.ask('GET_REGION_SIZE', [], 8);
      yield* mirror.ask('GET_SYNC_COUNT', [], 8);
      mirror.luid = old;
    }
    if (mirror.canCopy) mirror.copy();
    yield* mirror.ask('PRESUSPEND');
    mirror.isSuspended = true;
    for (let round = 0; round < ROUNDS_TO_REST && (round < 2 || mirror.hasWrites); round++) {
      while (mirror.inFlight.length > 0) mirror.reach(0);
      yield* mirror.pass();
    }
    yield* mirror.ask('POSTSUSPEND');
    mirror.adopt(this.#luid, mirror.words);
    yield* mirror.ask('RESUME');
    if (!isNew) return;
    // Traffic of the old table that comes late, while the new one writes already, must not make anything clean.
    mirror.queue.push(...this.#written.map((region) => ({ region, amount: this.#amount++ })));
    yield* mirror.pass();
    mirror.luid = old;
    yield { type: 'CLEAR_REGION', luid: old, data: this.#written, capacity: 0 };
    for (const region of this.#written) yield { type: 'SET_REGION_SYNC', luid: old, data: [region, 1], capacity: 0 };
    yield* mirror.ask('DTR');
    mirror.luid = this.#luid;
    for (const region of this.#written) yield* mirror.isInSync(region);
  }

  /** No more faults: what is asked is answered, what is out of sync is copied, and the legs are alike. */
  async #rest(): Promise<void> {
    this.#say('rest');
    await this.#drainThread();
    for (let round = 0; round < ROUNDS_TO_REST; round++) {
      // What goes out of sync after all was in sync is copied after a suspend and resume only: the kernel does not ask.
      const isForgotten = this.#mirror.hint >= this.#regions && this.#written.some((r) => !this.#legs.areAlike(r));
      if (this.#wantsResume || this.#mirror.logFailed || isForgotten) {
        this.#wantsResume = false;
        await this.#runThread(this.#swapping(this.#mirror.logFailed));
      }
      // A log device that failed while it was loaded is tried again as time passes.
      await this.#wholeTick();
      while (this.#mirror.inFlight.length > 0) this.#mirror.reach(0);
      if (this.#mirror.canCopy) this.#mirror.copy();
      await this.#runThread(this.#mirror.pass());
      if (this.#mirror.hasWrites || this.#written.some((region) => !this.#legs.areAlike(region))) continue;
      await this.#runThread(this.#end());
      if (this.#isAtRest) return;
    }
    throw new Violation('the mirror does not come to rest');
  }

  #isAtRest = false;

  *#end(): Asking<void> {
    this.#isAtRest = true;
    for (const region of this.#written) {
      if (!(yield* this.#mirror.isInSync(region))) this.#isAtRest = false;
    }
  }
}
