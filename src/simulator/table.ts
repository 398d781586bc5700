import { DmIoctl, DmTargetSpec } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { BlockDevice } from './block-device.ts';
import { Refusal } from './errors.ts';
import type { ReleaseFacts } from './release.ts';
import { type Mapping, TARGET_TYPES, type TargetContext } from './target-types.ts';
import { splitWords } from './words.ts';

/** One target of a table. */
export interface Target extends Mapping {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: string;
}

/** A table: live, or loaded and waiting for a resume. */
export class Table {
  readonly targets: readonly Target[];
  readonly readOnly: boolean;
  /** The devices that it holds open, each once, the last opened first. */
  readonly devices: readonly BlockDevice[];

  constructor(targets: readonly Target[], readOnly: boolean) {
    this.targets = targets;
    this.readOnly = readOnly;
    const areas = targets.flatMap((target) => target.areas);
    this.devices = [...new Set(areas.map(({ device }) => device))].reverse();
  }

  /** Sectors. */
  get size(): bigint {
    const last = this.targets.at(-1);
    return last === undefined ? 0n : last.start + last.length;
  }

  /** Whether every target's area lies within the device under it; one without a size yet is not looked at. */
  get fits(): boolean {
    return this.targets.every(({ areas, length }) =>
      areas.every(
        ({ device: { sizeSectors }, offset }) =>
          sizeSectors === 0n || (offset < sizeSectors && offset + length <= sizeSectors),
      ),
    );
  }
}

/** What a table's construction may ask of the kernel. */
export interface TableContext extends Omit<TargetContext, 'version' | 'errorTakesDevice'> {
  readonly facts: ReleaseFacts;
}

const MAX_TARGETS = 2 ** 20;
const MAX_SECTOR = 2n ** 54n - 1n;
const TYPE_BYTES = 15;

function invalid(): never {
  throw new Refusal(ERRNO.EINVAL);
}

/** Makes one target. @throws Refusal EINVAL for a type that is not there, and what its constructor says */
export function makeTarget(start: bigint, length: bigint, type: string, params: string, context: TableContext): Target {
  const { facts } = context;
  const construct = TARGET_TYPES.get(type);
  const known = facts.targets.find(({ name }) => name === type);
  if (construct === undefined || known === undefined) invalid();
  const mapping = construct(splitWords(params), {
    ...context,
    version: known.version.join('.'),
    errorTakesDevice: facts.errorTakesDevice,
  });
  return { start, length, type, ...mapping };
}

/**
 * Builds the table of a `DM_TABLE_LOAD`, with the kernel's checks in the kernel's order.
 *
 * @param bytes the kernel's copy of the request as far as its `data_size`
 * @throws Refusal
 */
export function parseTable(
  bytes: Uint8Array,
  dataStart: number,
  targetCount: number,
  readOnly: boolean,
  context: TableContext,
): Table {
  if (targetCount > MAX_TARGETS) throw new Refusal(ERRNO.EOVERFLOW);
  if (targetCount === 0) invalid();
  const { strictSpecs } = context.facts;
  const targets: Target[] = [];
  let at = 0;
  let next = dataStart;
  let least = strictSpecs ? DmIoctl.size : DmTargetSpec.size;
  let end = 0n;
  for (let index = 0; index < targetCount; index++) {
    if (next < least || (strictSpecs && next % 8 !== 0)) invalid();
    at += next;
    const textAt = at + DmTargetSpec.size;
    const textEnd = textAt < bytes.length ? bytes.indexOf(0, textAt) : -1;
    if (textEnd < 0) invalid();
    const spec = DmTargetSpec.at(bytes, at);
    const { sectorStart, length } = spec;
    next = spec.next;
    if (strictSpecs) least = textEnd + 1 - at;
    if (length === 0n || sectorStart + length > MAX_SECTOR || sectorStart !== end) invalid();
    const type = spec.targetType.slice(0, TYPE_BYTES);
    const params = Buffer.from(bytes.subarray(textAt, textEnd)).toString('latin1');
    targets.push(makeTarget(sectorStart, length, type, params, context));
    end = sectorStart + length;
  }
  return new Table(targets, readOnly);
}
