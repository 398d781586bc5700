import type { BlockDevice } from './block-device.ts';
import type { SimulatedClock } from './clock.ts';
import { SimulatedDevice } from './device.ts';
import { SimulatorError } from './errors.ts';
import { type IoRequest, SimulatedIo } from './io.ts';
import type { CountedIo, Instant } from './stats-region.ts';

/** What one device of the stack sees of an I/O. */
interface Piece extends CountedIo {
  readonly device: BlockDevice;
  readonly merged: boolean;
}

const DEEPEST_STACK = 32;

/** The way of an I/O down the stack of devices: cut where targets end, counted on every device it passes. */
export class IoPath {
  readonly #clock: SimulatedClock;
  readonly #millisecondsPerJiffy: number;
  readonly #pieces = new WeakMap<SimulatedIo, Piece[]>();

  constructor(clock: SimulatedClock, millisecondsPerJiffy: number) {
    this.#clock = clock;
    this.#millisecondsPerJiffy = millisecondsPerJiffy;
  }

  instant(): Instant {
    const ns = this.#clock.nowNs();
    return { ns, jiffies: this.#jiffies(ns) };
  }

  #jiffies(ns: number): number {
    return Math.floor(ns / (this.#millisecondsPerJiffy * 1e6));
  }

  /** Issues an I/O: it begins now, or when the first device on its way that holds I/O takes it again. */
  issue(device: SimulatedDevice, request: IoRequest): SimulatedIo {
    const { sector, sectors } = request;
    if (!Number.isSafeInteger(sector) || !Number.isSafeInteger(sectors) || sector < 0 || sectors < 1) {
      throw new SimulatorError(`no I/O has ${sectors} sectors at ${sector}`);
    }
    const io = new SimulatedIo(request, device, (ended) => this.#end(ended));
    this.retry(io);
    return io;
  }

  /** Begins an I/O whose device takes I/O again. */
  retry(io: SimulatedIo): void {
    const { device } = io;
    const { sector, sectors, direction, cpu = 0, durationNs } = io.request;
    const holder = this.#holder(device, sector, sectors, DEEPEST_STACK);
    if (holder !== undefined) {
      holder.hold(io);
      return;
    }
    const pieces: Piece[] = [];
    this.#pieces.set(io, pieces);
    const now = this.instant();
    io.startedNs = now.ns;
    io.failed = !this.#begin(device, { direction, sector, sectors }, cpu, now, pieces);
    if (durationNs !== undefined && durationNs > 0) this.#clock.after(durationNs, () => this.#end(io));
    io.begun();
    if (durationNs === 0) this.#end(io);
  }

  /** The first device on the way that holds I/O. The I/O is seen by none above it before it goes on. */
  #holder(device: SimulatedDevice, sector: number, sectors: number, depth: number): SimulatedDevice | undefined {
    if (device.holdsIo) return device;
    if (depth === 0) throw new SimulatorError('devices lie on each other in a circle');
    for (const { lower, from, length } of parts(device, sector, sectors)) {
      if (!(lower?.device instanceof SimulatedDevice)) continue;
      const holder = this.#holder(lower.device, from, length, depth - 1);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  #begin(device: BlockDevice, io: CountedIo, cpu: number, now: Instant, pieces: Piece[]): boolean {
    if (BigInt(io.sector + io.sectors) > device.sizeSectors) return false;
    if (!(device instanceof SimulatedDevice)) {
      pieces.push({ ...io, device, merged: false });
      return true;
    }
    let well = true;
    for (const { at, from, length, lower, type } of parts(device, io.sector, io.sectors)) {
      const part = { direction: io.direction, sector: at, sectors: length };
      device.enter();
      pieces.push({ ...part, device, merged: device.stats.begin(part, cpu, now) });
      if (lower === undefined) well &&= type !== 'error';
      else {
        const below = { direction: io.direction, sector: from, sectors: length };
        well = this.#begin(lower.device, below, cpu, now, pieces) && well;
      }
    }
    return well;
  }

  #end(io: SimulatedIo): void {
    if (io.state === 'ended') return;
    const now = this.instant();
    io.state = 'ended';
    io.endedNs = now.ns;
    const durationNs = now.ns - io.startedNs;
    const durationJiffies = now.jiffies - this.#jiffies(io.startedNs);
    const pieces = this.#pieces.get(io) ?? [];
    this.#pieces.delete(io);
    for (const piece of pieces) {
      const { device, merged } = piece;
      if (device instanceof SimulatedDevice) device.stats.end(piece, now, { durationNs, durationJiffies, merged });
      device.completed[piece.direction]++;
    }
    io.request.onEnd?.(io);
    // Last, since who waits for the device to be idle goes on from within `leave`, and must find all counted.
    for (const { device } of pieces) if (device instanceof SimulatedDevice) device.leave();
  }
}

/** The parts of a device's range that lie in one target each, with where they go on. */
function* parts(
  device: SimulatedDevice,
  sector: number,
  sectors: number,
): Generator<{ at: number; from: number; length: number; type: string; lower: { device: BlockDevice } | undefined }> {
  for (const target of device.live?.targets ?? []) {
    const start = Number(target.start);
    const at = Math.max(sector, start);
    const length = Math.min(sector + sectors, start + Number(target.length)) - at;
    if (length <= 0) continue;
    const from = target.lower === undefined ? at : at - start + Number(target.lower.offset);
    yield { at, from, length, type: target.type, lower: target.lower };
  }
}
