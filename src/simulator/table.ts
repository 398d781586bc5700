import { DmTargetSpec } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { BlockDevice } from './block-device.ts';
import { Refusal } from './errors.ts';
import { scanDeviceNumber, scanU64, splitWords } from './words.ts';

/** One target of a table. */
export interface Target {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: string;
  /** The parameters as the kernel prints them back. */
  readonly params: string;
  /** Where its I/O goes on to. */
  readonly lower?: { readonly device: BlockDevice; readonly offset: bigint };
}

/** A table: live, or loaded and waiting for a resume. */
export class Table {
  readonly targets: readonly Target[];
  readonly readOnly: boolean;

  constructor(targets: readonly Target[], readOnly: boolean) {
    this.targets = targets;
    this.readOnly = readOnly;
  }

  /** Sectors. */
  get size(): bigint {
    const last = this.targets.at(-1);
    return last === undefined ? 0n : last.start + last.length;
  }

  /** The devices that it holds open, each once, the last opened first. */
  get devices(): readonly BlockDevice[] {
    const devices = new Set<BlockDevice>();
    for (const { lower } of this.targets) if (lower !== undefined) devices.add(lower.device);
    return [...devices].reverse();
  }

  /** Whether every target's area lies within the device under it. */
  get fits(): boolean {
    return this.targets.every(
      ({ lower, length }) => lower === undefined || lower.offset + length <= lower.device.sizeSectors,
    );
  }
}

/** What a target's constructor may ask of the kernel. */
export interface TableContext {
  /** @throws Refusal ENXIO no such device, and others that say why it cannot be used */
  deviceAt(major: number, minor: number): BlockDevice;
  /** The errno for a path that names nothing. */
  readonly missingPathErrno: number;
}

const MAX_TARGETS = 2 ** 20;
const MAX_SECTOR = 2n ** 54n - 1n;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

const invalid = (): never => {
  throw new Refusal(ERRNO.EINVAL);
};

function lowerDevice(word: string, context: TableContext): BlockDevice {
  const number = scanDeviceNumber(word);
  if (number === undefined) throw new Refusal(context.missingPathErrno);
  const [major, minor] = number;
  if (major > MAX_MAJOR || minor > MAX_MINOR) throw new Refusal(ERRNO.EOVERFLOW);
  return context.deviceAt(major, minor);
}

type Parameters = Pick<Target, 'params' | 'lower'>;

const constructors: Readonly<Record<string, (words: readonly string[], context: TableContext) => Parameters>> = {
  linear(words, context) {
    const [deviceWord, offsetWord] = words;
    if (words.length !== 2 || deviceWord === undefined || offsetWord === undefined) return invalid();
    const offset = scanU64(offsetWord) ?? invalid();
    const device = lowerDevice(deviceWord, context);
    const { major, minor } = device.number;
    return { params: `${major}:${minor} ${offset}`, lower: { device, offset } };
  },
  zero: (words) => (words.length === 0 ? { params: '' } : invalid()),
  // It takes anything and prints nothing back.
  error: () => ({ params: '' }),
};

/** Reads `params` behind a target's header: NUL-terminated within the buffer, one character a byte. */
function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  if (at > bytes.length || end < 0) invalid();
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
}

/**
 * Builds the table of a `DM_TABLE_LOAD`, with the kernel's checks in the kernel's order.
 *
 * @param bytes the request as far as its `data_size`
 * @throws Refusal
 */
export function parseTable(
  bytes: Uint8Array,
  dataStart: number,
  targetCount: number,
  readOnly: boolean,
  aligned: boolean,
  context: TableContext,
): Table {
  if (targetCount > MAX_TARGETS) throw new Refusal(ERRNO.EOVERFLOW);
  if (targetCount === 0) invalid();
  const targets: Target[] = [];
  let at = dataStart;
  let next = 0;
  let end = 0n;
  for (let index = 0; index < targetCount; index++) {
    if (index > 0) {
      if (next < DmTargetSpec.size || (aligned && next % 8 !== 0)) invalid();
      at += next;
    }
    if (at + DmTargetSpec.size > bytes.length) invalid();
    const spec = DmTargetSpec.at(bytes, at);
    const { sectorStart, length } = spec;
    next = spec.next;
    const words = splitWords(textAt(bytes, at + DmTargetSpec.size));
    const type = spec.targetType.slice(0, 15);
    if (length === 0n || sectorStart + length > MAX_SECTOR) invalid();
    const construct = constructors[type];
    if (construct === undefined || sectorStart !== end) return invalid();
    targets.push({ start: sectorStart, length, type, ...construct(words, context) });
    end = sectorStart + length;
  }
  return new Table(targets, readOnly);
}
