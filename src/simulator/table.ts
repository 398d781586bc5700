import { DmIoctl, DmTargetSpec } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { BlockDevice } from './block-device.ts';
import { Refusal } from './errors.ts';
import type { ReleaseFacts } from './release.ts';
import { type Mapping, TARGET_TYPES, type TargetContext, type TypeRules } from './target-types.ts';

/** One target of a table. */
export interface Target extends Mapping {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: string;
  readonly rules: TypeRules;
}

/** A table: live, or loaded and waiting for a resume. */
export class Table {
  readonly targets: readonly Target[];
  readonly readOnly: boolean;
  /** The devices that it holds open, each once, the last opened first. */
  readonly devices: readonly BlockDevice[];
  readonly #opened: ReadonlyMap<BlockDevice, boolean>;

  constructor(targets: readonly Target[], readOnly: boolean) {
    this.targets = targets;
    this.readOnly = readOnly;
    const opened = new Map<BlockDevice, boolean>();
    for (const { areas } of targets) {
      // Who writes to a device that it has open for reading opens it anew, for both.
      for (const area of areas) opened.set(area.device, area.readOnly && (opened.get(area.device) ?? true));
    }
    this.#opened = opened;
    this.devices = [...opened.keys()].reverse();
  }

  /** Whether it holds a device open for reading only; undefined when it does not hold it. */
  opensReadOnly(device: BlockDevice): boolean | undefined {
    return this.#opened.get(device);
  }

  /** The type that no other can replace. */
  get immutableType(): string | undefined {
    return this.targets.find(({ rules }) => rules.immutable)?.type;
  }

  /** Whether it can take the place of any table. */
  get wildcard(): boolean {
    return this.targets.some(({ rules }) => rules.wildcard);
  }

  /** The target that a sector lies in. */
  at(sector: number | bigint): Target | undefined {
    return this.targets.find(({ start, length }) => sector >= start && sector < start + length);
  }

  /** Sectors. */
  get size(): bigint {
    const last = this.targets.at(-1);
    return last === undefined ? 0n : last.start + last.length;
  }

  /** Whether every target's area lies within the device under it; one without a size yet is not looked at. */
  get fits(): boolean {
    return this.targets.every(({ areas }) =>
      areas.every(
        ({ device: { sizeSectors }, offset, length }) =>
          length === undefined || sizeSectors === 0n || (offset < sizeSectors && offset + length <= sizeSectors),
      ),
    );
  }
}

/** A target as a table has it. */
export interface TargetWords {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: string;
  readonly params: string;
}

/** What a table's construction may ask of the kernel. */
export interface TableContext extends Omit<TargetContext, 'version' | 'linux' | 'length' | 'readOnly'> {
  readonly facts: ReleaseFacts;
}

const MAX_TARGETS = 2 ** 20;
const MAX_SECTOR = 2n ** 54n - 1n;
const TYPE_BYTES = 15;

function invalid(): never {
  throw new Refusal(ERRNO.EINVAL);
}

/**
 * Makes one target, to stand behind others.
 *
 * @throws Refusal EINVAL for a type that is not there, or must not stand here, and what its constructor says
 */
export function makeTarget(
  { start, length, type, params }: TargetWords,
  before: readonly Target[],
  readOnly: boolean,
  context: TableContext,
): Target {
  const { facts } = context;
  const { linux } = facts;
  const made = TARGET_TYPES.get(type);
  const known = facts.targets.find(({ name }) => name === type);
  if (made === undefined || known === undefined) invalid();
  const rules = made.rules(linux);
  const [first] = before;
  if (first !== undefined) {
    if (first.rules.singleton || rules.singleton) invalid();
    const immutable = before.find((target) => target.rules.immutable);
    if (immutable === undefined ? rules.immutable : immutable.type !== type) invalid();
  }
  const version = known.version.join('.');
  const mapping = made.construct(params, { ...context, linux, length, readOnly, version });
  return { start, length, type, rules, ...mapping };
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
    targets.push(makeTarget({ start: sectorStart, length, type, params }, targets, readOnly, context));
    end = sectorStart + length;
  }
  return new Table(targets, readOnly);
}
