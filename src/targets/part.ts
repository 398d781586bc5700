import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { Device, DeviceUse } from './device.ts';
import type { KernelVersion } from './kernel-version.ts';
import type { Reader } from './reader.ts';

/** How a kernel prints a loaded table back (`STATUSTYPE_TABLE`). */
export interface Readback {
  readonly kernel: KernelVersion;
  /** The number of a device that the table names by its path: the kernel prints numbers only. */
  readonly numberOf: (path: string) => DeviceNumber;
}

/** What a part knows of the values around it. */
export interface Around {
  /** The values of the line that it stands in, by field. */
  readonly line: Readonly<Record<string, unknown>>;
  /** The values of the whole parameter line. */
  readonly whole: Readonly<Record<string, unknown>>;
  /** The target's length in sectors. */
  readonly length: bigint;
}

/** Some words of a parameter line and the value that they stand for. */
export interface Part<T> {
  /** The field may be missing. */
  readonly optional?: boolean;
  /** The field has no value of its own: it follows from the others. */
  readonly hidden?: boolean;
  /** What the kernel may say in its place. */
  readonly states?: readonly string[];
  /** What the kernel keeps, and prints back, where the field is missing. */
  readonly whenAbsent?: T;
  /** How it is written, such as `<chunk>`. */
  form(name: string): string;
  /** One line for each thing that a person must know to write it. */
  help(name: string): HelpLine[];
  /** Takes its words; undefined when it is absent or unreadable, and then the findings say why. */
  read(reader: Reader, name: string): T | undefined;
  /** Its words, quoted: as one sends them, or as the kernel prints them back. */
  print(value: T, name: string, line: Readonly<Record<string, unknown>>, readback: Readback | undefined): string[];
  /** The devices that it names. */
  devices?(value: T, name: string, around: Around): DeviceUse[];
}

/** What a field is. */
export interface HelpLine {
  readonly name: string;
  readonly text: string;
}

/** The value that a part stands for. */
export type ValueOf<P> = P extends Part<infer T> ? T : never;

/** The fields of a line, in the order of its words. */
export type Fields = Readonly<Record<string, Part<unknown>>>;

type HiddenIn<F, K extends keyof F> = F[K] extends { readonly hidden: true } ? true : false;
type OptionalIn<F, K extends keyof F> = F[K] extends { readonly optional: true } ? true : false;

/** The values of a line, by field. */
export type Values<F> = {
  readonly [K in keyof F as HiddenIn<F, K> extends true ? never : OptionalIn<F, K> extends true ? never : K]: ValueOf<
    F[K]
  >;
} & {
  readonly [K in keyof F as HiddenIn<F, K> extends true ? never : OptionalIn<F, K> extends true ? K : never]?: ValueOf<
    F[K]
  >;
};

/** A word that the grammar does not know, kept as it is. */
export interface UnknownWord {
  readonly unknown: string;
}

/** Whether a value is an unknown word. */
export function isUnknown(value: unknown): value is UnknownWord {
  return typeof value === 'object' && value !== null && 'unknown' in value;
}

/** A field's name as it stands in forms and messages. */
export function label(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A device in a printed line. */
export function printedDevice(device: Device, readback: Readback | undefined): Device {
  return typeof device === 'string' && readback !== undefined ? readback.numberOf(device) : device;
}
