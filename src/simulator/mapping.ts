import type { KernelVersion } from '../targets/kernel-version.ts';
import type { BlockDevice } from './block-device.ts';
import type { SimulatedClock } from './clock.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Direction } from './stats-region.ts';
import type { Wait } from './work.ts';

/** What is asked of a target in words: its line of the table, its state, or what the integrity subsystem measures. */
export type StatusKind = 'table' | 'info' | 'ima';

/** A device that a target has open, and the part of it that it uses. */
export interface Area {
  readonly device: BlockDevice;
  readonly offset: bigint;
  /** Sectors; undefined where nobody checks whether they are there. */
  readonly length: bigint | undefined;
  readonly readOnly: boolean;
}

/** A part of an I/O that lies in one target; the sector counts from the target's beginning. */
export interface TargetIo {
  readonly direction: Direction;
  readonly sector: number;
  readonly sectors: number;
}

/** A place on a device, in sectors. */
export interface Place {
  readonly device: BlockDevice;
  readonly sector: number;
}

/** What a target has done with an I/O, one step after the other; a step that fails is the last. */
export type Step =
  /** The I/O goes on; `from` and `sectors` say which sectors of it, all unless told. */
  | {
      readonly do: 'pass';
      readonly to: Place;
      readonly from?: number;
      readonly sectors?: number;
      /** Damages what was read, or what is about to be written. */
      readonly spoil?: (bytes: Uint8Array) => void;
    }
  /** Sectors are copied below, by an I/O of reading and one of writing. */
  | { readonly do: 'copy'; readonly from: Place; readonly to: Place; readonly sectors: number }
  /** Sectors are overwritten with zeros below. */
  | { readonly do: 'clear'; readonly to: Place; readonly sectors: number }
  /** Reads as zeros, takes writes and forgets them. */
  | { readonly do: 'nothing'; readonly from?: number; readonly sectors?: number }
  | { readonly do: 'fail'; readonly errno: number }
  /** It waits, and what follows is asked for then. */
  | { readonly do: 'wait'; readonly until: Wait; readonly afterwards: () => readonly Step[] };

/** What a target does beyond its words. What a model leaves out does nothing. */
export interface Model {
  /** The devices in the order in which they are opened, where it is not that of the words. */
  readonly areas?: readonly Area[];
  /** The `INFO` text; empty unless told. */
  info?(): string;
  /** The `TABLE` text, where it is not what the grammar makes of the values. */
  table?(): string;
  /** What follows the name and version in the measured text; without it the whole text is empty. */
  ima?(): string;
  /** The number of sectors at whose multiples I/O is cut. */
  ioBoundary?(): number | undefined;
  /** Without it the target has no data path here. */
  route?(io: TargetIo): readonly Step[];
  /** A message's answer; undefined for none. @throws Refusal */
  message?(words: readonly string[]): string | undefined;
  /** Before its device is suspended. */
  suspending?(): void;
  /** May keep its device from being resumed. @throws Refusal */
  resuming?(): void;
  resumed?(): void;
}

/** What a model may ask of the kernel. */
export interface ModelContext {
  readonly linux: KernelVersion;
  /** Sectors of the target. */
  readonly length: bigint;
  readonly readOnly: boolean;
  /** The device whose table it is in. */
  readonly owner: BlockDevice & { readonly suspended: boolean };
  readonly clock: SimulatedClock;
  readonly metadata: MetadataStore;
  /** The models of all tables that there are; not of the one that is being made. */
  models(): Iterable<Model>;
  /** The event of the owner's live table. */
  raiseEvent(): void;
}
