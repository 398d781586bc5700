import { ERRNO } from '../kernel/errno.ts';
import { type BlockDevice, SimulatedDisk } from './block-device.ts';
import type { SimulatedClock } from './clock.ts';
import { SimulatedDevice } from './device.ts';
import { SimulatorError } from './errors.ts';
import { type IoRequest, SimulatedIo } from './io.ts';
import type { Place, Step } from './mapping.ts';
import { SECTOR_BYTES } from './medium.ts';
import type { CountedIo, Direction, Instant } from './stats-region.ts';
import type { Target } from './table.ts';

/** What one device of the stack sees of an I/O. */
interface Piece extends CountedIo {
  readonly device: BlockDevice;
  readonly merged: boolean;
  readonly startedNs: number;
}

/** An I/O on its way down. */
interface Flow {
  readonly io: SimulatedIo;
  readonly pieces: Piece[];
}

/** A range of a device, and the bytes that are read into or written from, if any. */
interface Range {
  readonly direction: Direction;
  readonly sector: number;
  readonly sectors: number;
  readonly bytes: Uint8Array | undefined;
}

/** Called when a range is where it belongs. */
type Arrived = (errno: number | undefined) => void;

const DEEPEST_STACK = 32;

/**
 * The way of an I/O down the stack of devices: cut where targets end and where they say so, counted on every device it
 * passes, its content moved to or from the disks. A device sees it in flight until the whole has ended.
 */
export class IoPath {
  readonly #clock: SimulatedClock;
  readonly #millisecondsPerJiffy: number;
  readonly #flows = new WeakMap<SimulatedIo, Flow>();

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

  /** Issues an I/O: it begins now, or when its device takes I/O again. */
  issue(device: SimulatedDevice, request: IoRequest): SimulatedIo {
    const { sector, sectors, bytes } = request;
    if (!Number.isSafeInteger(sector) || !Number.isSafeInteger(sectors) || sector < 0 || sectors < 1) {
      throw new SimulatorError(`no I/O has ${sectors} sectors at ${sector}`);
    }
    if (bytes !== undefined && bytes.length !== sectors * SECTOR_BYTES) {
      throw new SimulatorError(`${bytes.length} bytes are not ${sectors} sectors`);
    }
    const io = new SimulatedIo(request, device, (ended) => this.#end(ended));
    this.#begin(io);
    return io;
  }

  #begin(io: SimulatedIo): void {
    const { device, request } = io;
    if (device.holdsIo) {
      device.hold(() => this.#begin(io));
      return;
    }
    const flow: Flow = { io, pieces: [] };
    this.#flows.set(io, flow);
    io.startedNs = this.#clock.nowNs();
    io.state = 'inFlight';
    const { direction, sector, sectors, bytes, durationNs } = request;
    this.#send(flow, device, { direction, sector, sectors, bytes }, DEEPEST_STACK, (errno) => {
      io.errno = errno;
      if (durationNs !== undefined && durationNs > 0) this.#clock.after(durationNs, () => this.#end(io));
      io.arrived();
      if (durationNs === 0) this.#end(io);
    });
  }

  #send(flow: Flow, device: BlockDevice, range: Range, depth: number, arrived: Arrived): void {
    if (depth === 0) throw new SimulatorError('devices lie on each other in a circle');
    if (BigInt(range.sector + range.sectors) > device.sizeSectors) {
      arrived(ERRNO.EIO);
      return;
    }
    const { direction, sector, sectors, bytes } = range;
    if (device instanceof SimulatedDisk) {
      flow.pieces.push({ direction, sector, sectors, device, merged: false, startedNs: this.#clock.nowNs() });
      if (bytes !== undefined) device[direction](sector, bytes);
      arrived(undefined);
    } else if (device instanceof SimulatedDevice) {
      if (device.holdsIo) device.hold(() => this.#send(flow, device, range, depth, arrived));
      else this.#sendParts(flow, device, range, depth, arrived);
    }
  }

  #sendParts(flow: Flow, device: SimulatedDevice, range: Range, depth: number, arrived: Arrived): void {
    const parts = [...cut(device, range)];
    let left = parts.length;
    let failed: number | undefined;
    const partArrived: Arrived = (errno) => {
      failed ??= errno;
      if (--left === 0) arrived(failed);
    };
    const { cpu = 0 } = flow.io.request;
    for (const { target, part } of parts) {
      const { direction, sector, sectors } = part;
      const counted = { direction, sector, sectors };
      const now = this.instant();
      device.enter();
      flow.pieces.push({ ...counted, device, merged: device.stats.begin(counted, cpu, now), startedNs: now.ns });
      const steps = target.model.route?.({ ...counted, sector: sector - Number(target.start) });
      if (steps === undefined) throw new SimulatorError(`I/O to a ${target.type} target is not simulated`);
      this.#run(flow, steps, part, depth - 1, partArrived);
    }
  }

  /** Takes the steps one after the other. */
  #run(flow: Flow, [step, ...rest]: readonly Step[], part: Range, depth: number, arrived: Arrived): void {
    if (step === undefined) {
      arrived(undefined);
      return;
    }
    const next: Arrived = (errno) => {
      if (errno === undefined) this.#run(flow, rest, part, depth, arrived);
      else arrived(errno);
    };
    switch (step.do) {
      case 'fail':
        next(step.errno);
        break;
      case 'nothing':
        if (part.direction === 'read') within(part, step)?.fill(0);
        next(undefined);
        break;
      case 'wait':
        step.until(() => this.#run(flow, step.afterwards(), part, depth, next));
        break;
      case 'clear': {
        const zeros = new Uint8Array(step.sectors * SECTOR_BYTES);
        this.#move(flow, 'write', step.to, zeros, depth, next);
        break;
      }
      case 'copy': {
        const content = new Uint8Array(step.sectors * SECTOR_BYTES);
        this.#move(flow, 'read', step.from, content, depth, (errno) => {
          if (errno === undefined) this.#move(flow, 'write', step.to, content, depth, next);
          else next(errno);
        });
        break;
      }
      case 'pass':
        this.#pass(flow, step, part, depth, next);
    }
  }

  #move(flow: Flow, direction: Direction, { device, sector }: Place, bytes: Uint8Array, depth: number, next: Arrived) {
    this.#send(flow, device, { direction, sector, sectors: bytes.length / SECTOR_BYTES, bytes }, depth, next);
  }

  #pass(flow: Flow, step: Step & { readonly do: 'pass' }, part: Range, depth: number, next: Arrived): void {
    const { to, spoil, sectors = part.sectors } = step;
    const { direction } = part;
    const content = within(part, step);
    // The writer's own bytes stay as they are.
    const bytes = spoil !== undefined && direction === 'write' ? content?.slice() : content;
    if (bytes !== undefined && direction === 'write') spoil?.(bytes);
    this.#send(flow, to.device, { direction, sector: to.sector, sectors, bytes }, depth, (errno) => {
      if (bytes !== undefined && direction === 'read' && errno === undefined) spoil?.(bytes);
      next(errno);
    });
  }

  #end(io: SimulatedIo): void {
    if (io.state === 'ended') return;
    const now = this.instant();
    io.state = 'ended';
    io.endedNs = now.ns;
    const pieces = this.#flows.get(io)?.pieces ?? [];
    this.#flows.delete(io);
    for (const piece of pieces) {
      const { device, merged, startedNs } = piece;
      const durationNs = now.ns - startedNs;
      const durationJiffies = now.jiffies - this.#jiffies(startedNs);
      if (device instanceof SimulatedDevice) device.stats.end(piece, now, { durationNs, durationJiffies, merged });
      device.completed[piece.direction]++;
    }
    io.request.onEnd?.(io);
    // Last, since who waits for the device to be idle goes on from within `leave`, and must find all counted.
    for (const { device } of pieces) if (device instanceof SimulatedDevice) device.leave();
  }
}

/** The bytes of the sectors that a step is about. */
function within(
  { bytes, sectors }: Range,
  { from = 0, sectors: count = sectors }: { readonly from?: number; readonly sectors?: number },
): Uint8Array | undefined {
  return bytes?.subarray(from * SECTOR_BYTES, (from + count) * SECTOR_BYTES);
}

/** The parts of a device's range that lie in one target each, and within what its target takes at a time. */
function* cut(device: SimulatedDevice, range: Range): Generator<{ readonly target: Target; readonly part: Range }> {
  const end = range.sector + range.sectors;
  for (const target of device.live?.targets ?? []) {
    const start = Number(target.start);
    const last = Math.min(end, start + Number(target.length));
    const boundary = target.model.ioBoundary?.();
    for (let at = Math.max(range.sector, start); at < last; ) {
      const next = boundary === undefined ? last : start + (Math.floor((at - start) / boundary) + 1) * boundary;
      const sectors = Math.min(last, next) - at;
      const bytes = within(range, { from: at - range.sector, sectors });
      yield { target, part: { direction: range.direction, sector: at, sectors, bytes } };
      at += sectors;
    }
  }
}
