/** The way from the device of a file system down to the device whose sectors are counted. */
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { FIEMAP_EXTENT } from '../../kernel/fiemap.ts';
import { refText } from '../../mapper/device-ref.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { BlockLayers } from '../../system/block-layers.ts';
import type { Extents, Run } from '../extents.ts';
import { extentsOf } from '../fiemap-file.ts';
import { notOnDeviceMapper } from '../refusals.ts';
import { composeMap, isPlaceable } from './compose.ts';
import { directWay } from './direct-way.ts';
import { mappedName } from './mapped-name.ts';
import { type BlockNode, BlockNodes, type WayMapper } from './nodes.ts';
import { inPlace, type Part, placementOf, runsBelow, sectorCount, throughParts } from './parts.ts';

/** A way down, as it was when it was found. Disposing of it closes the files behind loop devices. */
export interface Way extends Disposable {
  /** The device whose sectors are counted. */
  readonly device: DeviceNumber;
  /** The files behind loop devices, the first one the uppermost. */
  readonly files: readonly string[];
  /**
   * Where extents on the upper device lie on `device`.
   *
   * @param sync have data of files behind loop devices written back that has no blocks yet
   * @throws UsageError where a sector's place cannot be told
   */
  compose(extents: Extents, sync: boolean): Promise<Extents>;
  /**
   * Where each sector of runs on the upper device lies on `device`; those that lie nowhere there are in no part.
   *
   * @param runs ascending and disjoint
   * @returns ascending by `start` and disjoint
   * @throws UsageError where a sector's place cannot be told
   */
  parts(runs: readonly Run[]): Promise<readonly Part[]>;
}

type MappedNode = BlockNode & { readonly kind: 'mapped' };

/** Why the places below a target are not known, by its type. */
const REASONS: Readonly<Record<string, string>> = {
  thin: "only its pool's metadata says where its blocks are",
  'thin-pool': 'only its metadata says where blocks are',
  cache: 'its blocks are on one of its devices or the other, as they are used',
  writecache: 'its blocks are on one of its devices or the other, as they are used',
  mirror: 'each of its sectors is on several devices',
  raid: 'its sectors are spread over several devices, or are on each of them',
  snapshot: 'its blocks are in the origin or in the store of exceptions',
  vdo: 'its blocks are compressed and shared',
};

const isSame = (a: DeviceNumber, b: DeviceNumber): boolean => refText(a) === refText(b);
const counted = (count: number): string => `${count} sector${count === 1 ? '' : 's'}`;

/**
 * Finds the way from a file system's device down.
 *
 * @param from the device that has the file system
 * @param level the device to go down to; default: the first one of device-mapper's
 * @throws UsageError when there is no such way, saying what there is
 */
export async function findWay(
  dm: WayMapper,
  from: DeviceNumber,
  level?: DeviceNumber,
  layers?: BlockLayers,
): Promise<Way> {
  const direct = await directWay(dm, from, level);
  if (direct !== undefined) return direct;
  const nodes = new BlockNodes(dm, layers);
  try {
    const to = level ?? (await firstMapped(dm, nodes, from));
    const leading = new Map<string, BlockNode>();
    if (!(await isReached(nodes, from, to, leading))) throw await notInStack(dm, nodes, from, to);
    const name = await mappedName(dm, to);
    if (name === undefined) throw notOnDeviceMapper(to, nodes.nameOf(to));
    const wayDown = [...leading.values()].reverse();
    for (const node of wayDown) if (node.kind === 'mapped') checkNode(node, name);
    return new WayDown(nodes, from, to, name, leading);
  } catch (error) {
    nodes[Symbol.dispose]();
    throw error;
  }
}

/** The first device of device-mapper's on the only way down that other devices have. */
async function firstMapped(dm: WayMapper, nodes: BlockNodes, from: DeviceNumber): Promise<DeviceNumber> {
  for (let at = from; ; ) {
    if ((await mappedName(dm, at)) !== undefined) return at;
    const [below] = (await nodes.of(at)).below;
    if (below === undefined) throw notOnDeviceMapper(from, nodes.nameOf(from));
    at = below;
  }
}

/** Whether a device is, or is on, another; `leading` gets those on the way without that one, the lowest first. */
async function isReached(
  nodes: BlockNodes,
  from: DeviceNumber,
  to: DeviceNumber,
  leading: Map<string, BlockNode>,
): Promise<boolean> {
  if (isSame(from, to)) return true;
  if (leading.has(refText(from))) return true;
  const node = await nodes.of(from);
  let isLeading = false;
  for (const below of node.below) if (await isReached(nodes, below, to, leading)) isLeading = true;
  if (isLeading) leading.set(refText(from), node);
  return isLeading;
}

/** Names the devices that a file does lie on. */
async function notInStack(
  dm: WayMapper,
  nodes: BlockNodes,
  from: DeviceNumber,
  level: DeviceNumber,
): Promise<UsageError> {
  const names: string[] = [];
  const seen = new Set<string>();
  const walk = async (at: DeviceNumber): Promise<void> => {
    if (seen.has(refText(at))) return;
    seen.add(refText(at));
    const node = await nodes.of(at);
    if (node.kind === 'mapped') names.push(`${node.name} (${refText(at)})`);
    for (const below of node.below) await walk(below);
  };
  await walk(from);
  if (names.length === 0) return notOnDeviceMapper(from, nodes.nameOf(from));
  const name = await mappedName(dm, level);
  const what = name === undefined ? refText(level) : `${name} (${refText(level)})`;
  return new UsageError(`Cannot map file on ${what}: it does not lie there, but on ${names.join(', ')}`);
}

function checkNode({ name, table }: MappedNode, level: string): void {
  if (!table.some(isPlaceable)) throw notPlaceable(name, table[0]?.type ?? 'error', level);
}

function notPlaceable(name: string, type: string, level: string): UsageError {
  const reason = REASONS[type] ?? `where a ${type} target has its sectors is not known here`;
  return new UsageError(
    `Cannot map file on ${level}: above it is ${name}, a ${type} device: ${reason}; map it on ${name}`,
  );
}

/** What a walk down gathers. */
interface Walk {
  readonly sync: boolean;
  pending: boolean;
  /** Sectors in holes, by the file that has them. */
  readonly holes: Map<string, number>;
  elsewhere: number;
}

const newWalk = (sync: boolean): Walk => ({ sync, pending: false, holes: new Map(), elsewhere: 0 });

class WayDown implements Way {
  readonly device: DeviceNumber;
  readonly #nodes: BlockNodes;
  readonly #from: DeviceNumber;
  readonly #name: string;
  readonly #leading: ReadonlyMap<string, BlockNode>;

  constructor(
    nodes: BlockNodes,
    from: DeviceNumber,
    to: DeviceNumber,
    name: string,
    leading: ReadonlyMap<string, BlockNode>,
  ) {
    this.device = to;
    this.#nodes = nodes;
    this.#from = from;
    this.#name = name;
    this.#leading = leading;
  }

  get files(): string[] {
    const loops = [...this.#leading.values()].flatMap((node) => (node.kind === 'loop' ? [node.file.path ?? ''] : []));
    return loops.reverse();
  }

  async compose(extents: Extents, sync: boolean): Promise<Extents> {
    const walk = newWalk(sync);
    const parts = await this.#down(this.#from, extents.runs, walk);
    const notes = [...extents.notes];
    if (walk.elsewhere > 0) {
      notes.push(`${counted(walk.elsewhere)} not mapped: they are not on ${this.#name} but on other devices`);
    }
    for (const [file, sectors] of walk.holes) {
      notes.push(`${counted(sectors)} not mapped yet: they have no blocks in ${file}, the file behind a loop device`);
    }
    const later = [...walk.holes.values()].reduce((sum, sectors) => sum + sectors, 0);
    return {
      runs: runsBelow(parts),
      tail: tailBelow(parts, extents.tail),
      pending: extents.pending || walk.pending,
      notes,
      ...(later > 0 ? { later } : {}),
    };
  }

  parts(runs: readonly Run[]): Promise<readonly Part[]> {
    return this.#down(this.#from, runs, newWalk(false));
  }

  /** Where runs on a device of the way lie on the lowest; ascending by `start`. */
  async #down(at: DeviceNumber, runs: readonly Run[], walk: Walk): Promise<readonly Part[]> {
    if (isSame(at, this.device)) return inPlace(runs);
    const node = this.#leading.get(refText(at));
    if (node === undefined || node.kind === 'end') {
      walk.elsewhere += sectorCount(runs);
      return [];
    }
    switch (node.kind) {
      case 'mapped':
        return this.#throughTable(node, runs, walk);
      case 'piece': {
        const parts = inPlace(runs).map((part) => ({ ...part, below: part.below + node.start }));
        return this.#further(parts, node.below[0] as DeviceNumber, walk);
      }
      case 'loop':
        return this.#throughFile(node, runs, walk);
    }
  }

  /** Where parts lie on the lowest device, by the device that they lie on. */
  async #further(parts: readonly Part[], on: DeviceNumber, walk: Walk): Promise<readonly Part[]> {
    return throughParts(parts, await this.#down(on, runsBelow(parts), walk)).parts;
  }

  async #throughTable({ name, table }: MappedNode, runs: readonly Run[], walk: Walk): Promise<readonly Part[]> {
    const { below, unplaced } = composeMap(runs, table);
    const [blocked] = unplaced;
    if (blocked !== undefined) throw notPlaceable(name, blocked.type, this.#name);
    const all: Part[] = [];
    for (const { device, parts } of below) for (const part of await this.#further(parts, device, walk)) all.push(part);
    return all.sort((a, b) => a.start - b.start);
  }

  async #throughFile(
    { file, start }: BlockNode & { readonly kind: 'loop' },
    runs: readonly Run[],
    walk: Walk,
  ): Promise<readonly Part[]> {
    const extents = await extentsOf(file.fd, { sync: walk.sync });
    const backing = placementOf(extents).parts.map((part) => ({
      start: part.start - start,
      end: part.end - start,
      below: part.below,
    }));
    const { parts, missing } = throughParts(inPlace(runs), backing);
    if (missing.length > 0) {
      const path = file.path ?? '';
      walk.holes.set(path, (walk.holes.get(path) ?? 0) + sectorCount(missing));
      walk.pending ||= extents.some(({ flags }) => (flags & FIEMAP_EXTENT.DELALLOC) !== 0);
    }
    return this.#further(parts, file.device, walk);
  }

  [Symbol.dispose](): void {
    this.#nodes[Symbol.dispose]();
  }
}

/** `Extents.tail` on the lowest device; undefined where the last sector is on another. */
function tailBelow(parts: readonly Part[], tail: number | undefined): number | undefined {
  if (tail === undefined) return undefined;
  const part = parts.find(({ start, end }) => start < tail && tail <= end);
  return part && part.below + tail - part.start;
}
