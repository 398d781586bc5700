import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { SimulatedClock } from './clock.ts';
import type { KernelRelease } from './release.ts';

/** What a simulated kernel is like. */
export interface KernelOptions {
  readonly clock?: SimulatedClock;
  /** Default `6.1`. */
  readonly kernel?: KernelRelease;
  /** Timer interrupts a second, default 250: statistics that are not precise see time in steps of 1000 / hz ms. */
  readonly hz?: 100 | 250 | 1000;
  /** Possible CPUs, default 2: each has counters of its own, which cost memory. */
  readonly cpus?: number;
  /** The machine's memory, default 4 GiB: statistics may take a quarter. */
  readonly memoryBytes?: number;
  /** Device-mapper's major number, default 254: kernels give it what is free when the module is loaded. */
  readonly major?: number;
  /** The target types that its modules registered; default all of Debian's build. */
  readonly targets?: readonly string[];
}

/** What a disk is like. */
export interface DiskOptions {
  readonly sectors: number;
  readonly number?: DeviceNumber;
  readonly path?: string;
  /** A file of this computer that has its content, made if it is not there; else the content is in memory. */
  readonly file?: string;
  /** Whether it takes discards, default true. */
  readonly discards?: boolean;
}
