import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { type DeviceRef, refText } from '../mapper/device-ref.ts';
import { DmError, DmParseError, UsageError } from '../mapper/errors.ts';
import { type AreaCounters, type Counters, isPrintOf, parsePrint, sumCounters } from './counters.ts';
import { hasMarkOf } from './generation.ts';
import { type Group, type KeptData, keptText, type Listing, parseList } from './group.ts';
import { formatGroupTag, type GroupTagForm } from './group-tag.ts';
import { clearPartner, withoutMoved } from './moving.ts';
import { ownerOf } from './owner.ts';
import { isPackedOf, PACKED_PROGRAM, type PackedSpan, spansOf } from './packed.ts';
import { createMessage, needsPrecise, type Region, type RegionSpec } from './region.ts';
import { otherRegion, RegionPrinter } from './region-printer.ts';
import { message, quoted, unfitForList } from './words.ts';

/** Which areas of a region to print. */
export interface PrintOptions {
  /** Default: all. */
  readonly areas?: { readonly first: number; readonly count: number };
  /** Take the printed values off the counters, so that no event is lost or counted twice. */
  readonly clear?: boolean;
}

/** What a group is called and keeps. */
export interface GroupOptions {
  readonly alias?: string;
  readonly userData?: string;
  /** How to write the tag; see `GroupTagForm`. */
  readonly tagForm: GroupTagForm;
}

/**
 * The statistics of one device-mapper device: regions, their counters, groups. Source: drivers/md/dm-stats.c and
 * Documentation/admin-guide/device-mapper/statistics.rst.
 *
 * Every method throws DmError: ENXIO no such device, ENOENT no such region, EACCES not root.
 *
 * @example
 * const stats = new DeviceStats(dm, { name: 'vg-data' });
 * const id = await stats.createRegion({ programId: 'mine' });
 * console.log(await stats.counters((await stats.list()).regions[id]));
 */
export class DeviceStats {
  readonly ref: DeviceRef;
  readonly #dm: DeviceMapper;
  /** By region id. */
  readonly #printers = new Map<number, RegionPrinter>();
  #lastList: { readonly text: string; readonly listing: Listing } | undefined;

  constructor(dm: DeviceMapper, ref: DeviceRef) {
    this.#dm = dm;
    this.ref = ref;
  }

  /** The device as people write it, for messages. */
  get device(): string {
    return refText(this.ref);
  }

  /** The statistics of another device. */
  on(ref: DeviceRef): DeviceStats {
    return new DeviceStats(this.#dm, ref);
  }

  async #send(
    words: string | Uint8Array,
    options: { readonly mayWait?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<string> {
    return (await this.#dm.message(this.ref, words, options)) ?? '';
  }

  /**
   * Creates a region. The kernel lets the device's I/O drain first, so its counters begin exact.
   *
   * @returns the region's id: the lowest that is free on this device
   * @throws DmError EINVAL an impossible range, step or bounds; EOVERFLOW too many areas; ENOMEM the kernel keeps
   *   statistics to a quarter of its memory
   * @throws UsageError for text that the kernel's list cannot hold, and bounds or precision on a kernel without them
   */
  async createRegion(spec: RegionSpec, { signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    for (const [what, text] of [
      ['program id', spec.programId],
      ['user data', spec.aux ?? ''],
    ] as const) {
      const unfit = unfitForList(text);
      if (unfit !== undefined)
        throw new UsageError(`The ${what} ${JSON.stringify(text)} ${unfit}: it must be one line of text`);
    }
    if ((needsPrecise(spec) || (spec.bounds ?? []).length > 0) && !this.#dm.supports(33)) {
      throw new UsageError('Precise timestamps and histograms need device-mapper 4.33 or later (Linux 4.3)');
    }
    const answer = await this.#send(createMessage(spec), {
      mayWait: true,
      ...(signal === undefined ? {} : { signal }),
    });
    const id = Number(answer);
    if (!/^\d+$/.test(answer)) throw new DmParseError('no region id in the answer of @stats_create', answer, 1);
    return id;
  }

  /** Deletes a region; what it counted since the last print is gone. */
  async deleteRegion(id: number): Promise<void> {
    await this.#send(message('@stats_delete', `${id}`), { mayWait: true });
  }

  /** Sets a region's counters to zero. */
  async clear(id: number): Promise<void> {
    await this.#send(message('@stats_clear', `${id}`));
  }

  /** Replaces a region's aux data. */
  async setAux(id: number, aux: string): Promise<void> {
    await this.#send(message('@stats_set_aux', `${id}`, quoted(aux === '' ? '-' : aux)));
  }

  /** The kernel's list of regions as text; of one program when a `programId` is given. */
  async rawList(programId?: string): Promise<string> {
    return this.#send(
      programId === undefined
        ? message('@stats_list')
        : message('@stats_list', quoted(programId === '' ? '-' : programId)),
    );
  }

  /** The kernel's list of all regions as it came. */
  async listBytes(): Promise<Uint8Array> {
    return (await this.#dm.messageBytes(this.ref, '@stats_list')) ?? new Uint8Array(0);
  }

  /**
   * The device's regions and groups; of one program when a `programId` is given. A group that has moved to another device
   * is none here any more, whether or not its regions are gone.
   */
  async list(programId?: string): Promise<Listing> {
    const text = await this.rawList(programId);
    // A sampler asks each second, and hardly ever is there another answer.
    if (this.#lastList?.text !== text) {
      this.#lastList = { text, listing: parseList(text) };
      this.#printers.clear();
    }
    const listing = await withoutMoved(this, this.#lastList.listing);
    if (listing.groups.every(({ packed }) => packed === undefined)) return listing;
    const regions = programId === undefined ? listing.regions : await this.#packedRegions();
    const spans = new Map<number, readonly PackedSpan[]>();
    for (const { id, packed } of listing.groups) if (packed !== undefined) spans.set(id, spansOf(regions, packed));
    return { ...listing, spans };
  }

  async #packedRegions(): Promise<readonly Region[]> {
    return parseList(await this.rawList(PACKED_PROGRAM)).regions;
  }

  /** A region's counters as the kernel's text. */
  async rawPrint(id: number, { areas, clear = false }: PrintOptions = {}): Promise<string> {
    const range = areas === undefined ? '' : ` ${areas.first} ${areas.count}`;
    return this.#send(`${clear ? '@stats_print_clear' : '@stats_print'} ${id}${range}`);
  }

  /**
   * A region's counters, area by area.
   *
   * @throws DmError ENOENT also when the region's id is another region's by now
   */
  async print(region: Region, options: PrintOptions = {}): Promise<AreaCounters[]> {
    return parsePrint(await this.printOf(region, options), region, options.areas?.first);
  }

  /**
   * A region's counters as the kernel's text.
   *
   * @throws DmError ENOENT also when the region's id is another region's by now
   */
  async printOf(region: Region, options: PrintOptions = {}): Promise<string> {
    const text = await this.rawPrint(region.id, options);
    if (!isPrintOf(text, region, options.areas)) throw otherRegion(region.id, this.ref);
    return text;
  }

  /**
   * As `print` of all areas, at once, for those who ask again and again: as long as a region of the same list counts
   * nothing, it is the same array.
   */
  printAgain(region: Region): readonly AreaCounters[] {
    let printer = this.#printers.get(region.id);
    if (printer?.region !== region) {
      printer = new RegionPrinter(this.#dm, this.ref, region);
      this.#printers.set(region.id, printer);
    }
    return printer.print();
  }

  /** A region's counters, summed over its areas. */
  async counters(region: Region): Promise<Counters> {
    return sumCounters((await this.print(region)).map((area) => area.counters));
  }

  /**
   * Makes a group of regions, in one step of the kernel's: the tag in the leader's aux data.
   *
   * @param listing a fresh list of the device
   * @returns the group's id: the lowest member
   * @throws UsageError when a region is missing, in another group, or has other bounds than the rest
   */
  async createGroup(listing: Listing, ids: readonly number[], options: GroupOptions): Promise<number> {
    const members = [...new Set(ids)].sort((a, b) => a - b);
    const [leader] = members;
    if (leader === undefined) throw new UsageError('A group needs at least one region');
    const unfit = unfitForList(options.alias ?? '');
    if (unfit !== undefined)
      throw new UsageError(`The alias ${JSON.stringify(options.alias)} ${unfit}: it must be one line of text`);
    const byId = new Map(listing.regions.map((region) => [region.id, region]));
    const bounds = byId.get(leader)?.bounds.join();
    for (const id of members) {
      const region = byId.get(id);
      if (region === undefined) throw new UsageError(`Region ID ${id} does not exist`);
      const owner = listing.groups.find((group) => group.members.includes(id));
      if (owner !== undefined) throw new UsageError(`Region ID ${id} is already in group ${owner.id}`);
      if (region.bounds.join() !== bounds) {
        throw new UsageError(
          `Region ID ${id} has other histogram bounds than region ${leader}: a group's must be equal`,
        );
      }
    }
    const userData = options.userData ?? byId.get(leader)?.aux ?? '';
    const { alias = '', tagForm } = options;
    await this.writeGroup({ alias, members, userData, carried: undefined, tagForm });
    return leader;
  }

  /** Writes a group's tag into the aux data of its lowest member. */
  async writeGroup(group: Pick<Group, 'alias' | 'members' | 'tagForm'> & KeptData): Promise<void> {
    const leader = group.members[0];
    if (leader === undefined) throw new UsageError('A group needs at least one region');
    const { alias, members, tagForm: form } = group;
    await this.setAux(leader, formatGroupTag({ alias, members, userData: keptText(group), form }));
  }

  /**
   * Ends a group and keeps its regions, but for packed ones: alone they say nothing. The leader keeps the group's user
   * data.
   */
  async ungroup(group: Group): Promise<void> {
    await this.setAux(group.id, group.userData);
    await this.deletePacked(group);
  }

  /** Deletes a group's packed regions. */
  async deletePacked({ packed }: Pick<Group, 'packed'>): Promise<void> {
    if (packed === undefined) return;
    for (const region of await this.#packedRegions())
      if (isPackedOf(region, packed.word)) await this.deleteRegionIfThere(region.id);
  }

  /**
   * Deletes a group with its regions, and those that a daemon made for it: the leader last, so that what remains after a
   * failure is still the group, then the daemon's, which would make new ones as long as the group is there, and what is
   * on its way into the group or out of it. Regions that others have deleted are no error.
   */
  async deleteGroup(group: Group): Promise<void> {
    await clearPartner(this, group);
    await this.deletePacked(group);
    for (const id of [...group.members].reverse()) await this.deleteRegionIfThere(id);
    const { regions } = await this.list();
    for (const { id, aux, programId } of regions) {
      const isAhead = ownerOf({ programId, aux })?.groupId === group.id;
      const isOnItsWay = group.generation !== undefined && hasMarkOf(aux, group.generation);
      const isPacking = group.generation !== undefined && isPackedOf({ programId, aux }, group.generation.line);
      if (isAhead || isOnItsWay || isPacking) await this.deleteRegionIfThere(id);
    }
  }

  /** As `deleteRegion`, for what others may have deleted. */
  async deleteRegionIfThere(id: number): Promise<void> {
    try {
      await this.deleteRegion(id);
    } catch (error) {
      if (!DmError.is(error, 'ENOENT')) throw error;
    }
  }
}
