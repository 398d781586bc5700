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
  /** Whether it ended with EIO. */
  failed = false;
  startedNs = 0;
  endedNs = 0;
  readonly #finish: (io: SimulatedIo) => void;
  #endWanted = false;

  constructor(request: IoRequest, device: SimulatedDevice, finish: (io: SimulatedIo) => void) {
    this.request = request;
    this.device = device;
    this.#finish = finish;
  }

  /** Ends it; one that still waits for its device ends as soon as it has begun. Ending it twice is an error. */
  end(): void {
    if (this.state === 'ended' || this.#endWanted) throw new SimulatorError('this I/O has ended already');
    if (this.state === 'inFlight') this.#finish(this);
    else this.#endWanted = true;
  }

  /** For the kernel: the I/O is in flight now. */
  begun(): void {
    this.state = 'inFlight';
    if (this.#endWanted) this.#finish(this);
  }
}
