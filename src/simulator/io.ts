import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { SimulatedDevice } from './device.ts';
import { SimulatorError } from './errors.ts';
import type { Direction } from './stats-region.ts';

/** An I/O to be issued to a simulated device. */
export interface IoRequest {
  /** The device, by its name or its number. */
  readonly device: string | DeviceNumber;
  /** Discards and writes of zeroes are writes. */
  readonly direction: Direction;
  readonly sector: number;
  /** At least 1. */
  readonly sectors: number;
  /** Nanoseconds until it ends; 0 ends it at once; without it, it is in flight until `end()` is called. */
  readonly durationNs?: number | undefined;
  /** What is written, or where to read to: the sectors' bytes. Without it no content moves. */
  readonly bytes?: Uint8Array | undefined;
  /** The CPU that issues it, default 0: an I/O counts as merged by what went before on its CPU. */
  readonly cpu?: number;
  /** Called when it has ended. */
  readonly onEnd?: ((io: SimulatedIo) => void) | undefined;
}

/** An I/O of the simulated kernel. */
export class SimulatedIo {
  readonly request: IoRequest;
  /** The device that it was issued to. */
  readonly device: SimulatedDevice;
  /** `waiting`: the device is suspended, or drains; it begins, and is seen by the statistics, when that is over. */
  state: 'waiting' | 'inFlight' | 'ended' = 'waiting';
  /** With what it ended; undefined is well. */
  errno: number | undefined;
  startedNs = 0;
  endedNs = 0;
  #arrived = false;
  readonly #finish: (io: SimulatedIo) => void;
  #endWanted = false;

  constructor(request: IoRequest, device: SimulatedDevice, finish: (io: SimulatedIo) => void) {
    this.request = request;
    this.device = device;
    this.#finish = finish;
  }

  /** Whether it failed. */
  get failed(): boolean {
    return this.errno !== undefined;
  }

  /** Ends it; one that still waits on its way ends as soon as it arrives. Ending it twice is an error. */
  end(): void {
    if (this.state === 'ended' || this.#endWanted) throw new SimulatorError('this I/O has ended already');
    if (this.#arrived) this.#finish(this);
    else this.#endWanted = true;
  }

  /** For the kernel: all of it is where it belongs. */
  arrived(): void {
    this.#arrived = true;
    if (this.#endWanted) this.#finish(this);
  }
}
