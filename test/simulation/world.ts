/**
 * One followed file on a simulated device, with random work on it, on its neighbours and between the daemon's own
 * requests to the kernel. The oracle knows only the kernel's lists and the I/O: which sectors the group's tag claims
 * when an I/O ends says whether it must be in the group's totals.
 */
import assert from 'node:assert/strict';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { FRESH_MS } from '../../src/filemap/lookahead/look-ahead.ts';
import { runFilemapd } from '../../src/filemapd/run.ts';
import type { DmCommand } from '../../src/kernel/dm-ioctl.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import type { ControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import {
  SimulatedFileSystem,
  type SimulatedFollowedFile,
  SimulatedKernel,
  SimulatedRandom,
  type TruthRecord,
} from '../../src/simulator/index.ts';
import { DeviceStats, groupsOf, LOOK_AHEAD_PROGRAM, parseListLine, read, totals } from '../../src/stats/index.ts';
import { SystemError } from '../../src/system/errors.ts';

const DEVICE_SECTORS = 2 ** 17;
const PACKED = 'dmstats-packed';
/** What statistics may take in a world, which has two CPUs. */
const MEMORY = { cpus: 2, limitBytes: 2 ** 30, usedBytes: 0 };
const FILE = '/data';
const BLOCK = 4096;

export interface Chances {
  /** Of an I/O of the file between two requests of the daemon. */
  readonly race: number;
  /** Of a request to fail. */
  readonly fault: number;
  /** Of another program to delete or clear a region, or to make one, in each step. */
  readonly others: number;
  /** Of the daemon to be killed at a request, and started again some time later. */
  readonly kill?: number;
  /** Of another program to clear or delete a region just before a request of the daemon. */
  readonly interference?: number;
}

/** What else a world can be. */
export interface WorldOptions {
  /** Kernel memory for the daemon's look-ahead regions, in bytes; without it, it has none. */
  readonly aheadBytes?: number;
  /** Each block of the file is written once, at its end, and the file never gives any back. */
  readonly growsOnly?: boolean;
  /** Regions beyond which the file's extents share some; without it, they never do. */
  readonly maxRegions?: number;
  /** Bytes that the daemon keeps reserved past the file's end. */
  readonly preallocate?: bigint;
  /** No other files; blocks that the file gives up are free at once. */
  readonly isAlone?: boolean;
  /** An I/O that races reads all of the file, so that no hand-over is spared. */
  readonly isStorm?: boolean;
  /** Kills the daemon at this one of its requests. */
  readonly killAt?: number;
  /** Checks the totals at every request and after every operation. */
  readonly isWatched?: boolean;
}

/** The control node of a process that can be killed: from then on nothing of what it asks happens. */
class KillableNode implements ControlNode {
  isKilled = false;
  readonly #node: ControlNode;

  constructor(node: ControlNode) {
    this.#node = node;
  }

  get kernel(): unknown {
    return this.#node.kernel;
  }

  reopen(): ControlNode {
    return this.#node.reopen();
  }

  ioctl(command: DmCommand, buffer: Uint8Array): void {
    if (this.isKilled) throw new SystemError('ioctl', ERRNO.EIO);
    this.#node.ioctl(command, buffer);
  }

  async ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void> {
    if (this.isKilled) throw new SystemError('ioctl', ERRNO.EIO);
    await this.#node.ioctlAsync(command, buffer);
  }

  async eventsPending(signal?: AbortSignal): Promise<void> {
    await this.#node.eventsPending(signal);
  }

  [Symbol.dispose](): void {
    this.#node[Symbol.dispose]();
  }
}

/** Freed blocks stay free for longer than a baseline of the look-ahead is good for. */
const REUSE_MS = FRESH_MS + 1000;

interface Claim {
  readonly start: number;
  readonly end: number;
}

/** An area of a packed region that is the file's. */
interface PackedArea extends Claim {
  readonly id: number;
  readonly area: number;
}

interface Listed {
  readonly id: number;
  readonly claim: Claim;
  readonly step: number;
  readonly program: string;
  readonly aux: string;
}

function idsIn(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    return Array.from({ length: (last as number) - first + 1 }, (_, index) => first + index);
  });
}

/** Sectors read and written, of each line of a print. */
function sectorsByLine(print: string): number[] {
  const lines = print.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const words = line.split(' ');
    return Number(words[3]) + Number(words[7]);
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

interface Named {
  readonly ids: readonly number[];
  readonly packed: readonly number[];
}

function listOf(text: string): Listed[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+): (\d+)\+(\d+) (\d+) (\S+) (.*)$/.exec(line);
    if (match === null) return [];
    const start = Number(match[2]);
    const claim = { start, end: start + Number(match[3]) };
    const step = Number(match[4]);
    return [{ id: Number(match[1]), claim, step, program: match[5] as string, aux: match[6] as string }];
  });
}

/** What the group's tag names: the one with the highest number. Read without the code under test. */
function tagIn(list: readonly Listed[]): Named {
  let newest: Named & { number: number } = { ids: [], packed: [], number: -1 };
  for (const { id, aux } of list) {
    const match = /^DMS_GROUP="data":([\d,-]+)#/.exec(aux);
    if (match === null) continue;
    const ids = idsIn(match[1] as string);
    const number = Number(/\|gen=[0-9a-f]+\.(\d+)/.exec(aux)?.[1] ?? 0);
    const shared = /\|packed=\w+:([\d,-]+)/.exec(aux)?.[1];
    const packed = shared === undefined ? [] : idsIn(shared);
    if (ids[0] === id && number > newest.number) newest = { ids, packed, number };
  }
  return newest;
}

export class World {
  readonly random: SimulatedRandom;
  readonly kernel = new SimulatedKernel();
  readonly fs: SimulatedFileSystem;
  readonly mode: 'inode' | 'path';
  readonly chances: Chances;
  readonly options: WorldOptions;
  readonly log: string[] = [];
  readonly #dm: DeviceMapper;
  readonly #stats: DeviceStats;
  readonly #device: string;
  /** The last list, as long as it stays the same. */
  #listed: { text: string; list: readonly Listed[]; tag: Named } = { text: '', list: [], tag: { ids: [], packed: [] } };
  #stop = new AbortController();
  #node: KillableNode | undefined;
  #daemons = 0;
  #file: SimulatedFollowedFile | undefined;
  #ended: { status: number; message: string } | undefined;
  #failed: unknown;
  #isBusy = false;
  #startedMs = Number.POSITIVE_INFINITY;
  /** Where a region on its way in was deleted. */
  #unguarded: Claim[] = [];
  /** Ids that the tag names although somebody has deleted their regions: what bears one next counts, and is deleted. */
  #stale: number[] = [];
  #lastMembers = '';
  /** Sectors of I/O that the group's claims held when it ended. */
  claimedSectors = 0;
  /** Sectors that its regions held, claimed or not yet: growth that was not in the tag. */
  coveredSectors = 0;
  /** Sectors of the file's own I/O that no claim held when it ended: at most these may be credited later. */
  unclaimedSectors = 0;
  /** Sectors that other programs took out of counters or may have kept from being counted. */
  lostSectors = 0;
  /** Instants at which the totals were checked. */
  checks = 0;
  /** Those of them at which regions were shared. */
  packedChecks = 0;
  /** Requests of the daemon. */
  requests = 0;

  constructor(seed: number, chances: Chances, options: WorldOptions = {}) {
    this.random = new SimulatedRandom(seed);
    this.chances = chances;
    this.options = options;
    const { number } = this.kernel.addDevice('vol', { sectors: DEVICE_SECTORS });
    this.#device = 'vol';
    const copyOnWrite = this.random.chance(0.3) && options.growsOnly !== true;
    const reuseAfterMs = options.aheadBytes === undefined || options.isAlone ? 0 : REUSE_MS;
    // Extents that are far apart have nothing to gain from a common region.
    const sizeSectors =
      options.maxRegions === undefined ? DEVICE_SECTORS : DEVICE_SECTORS / (reuseAfterMs > 0 ? 8 : 16);
    this.fs = new SimulatedFileSystem(this.kernel, number, { seed, copyOnWrite, reuseAfterMs, sizeSectors });
    this.#dm = new DeviceMapper(this.kernel.openControl());
    this.#stats = new DeviceStats(this.#dm, { name: 'vol' });
    this.mode = this.random.chance(0.5) ? 'inode' : 'path';
  }

  get #maxRegions(): number {
    return this.options.maxRegions ?? Number.POSITIVE_INFINITY;
  }

  async start(): Promise<void> {
    this.fs.create(FILE);
    this.fs.create('/other');
    this.fs.write(FILE, 0, BLOCK * (1 + this.random.below(20)));
    for (let others = this.random.below(4); others > 0; others--)
      this.kernel.message(this.#device, '@stats_create - /1 0 other -');
    await this.kernel.clock.advance(1);
    using file = this.fs.open(FILE);
    const options = { programId: 'dmstats', alias: 'data', memory: MEMORY, maxRegions: this.#maxRegions };
    const map = await createFilemap(this.#dm, file, options);
    this.#accountFromNow();
    this.kernel.onIoctl = ({ command }) => {
      // Opening the control node is no effect.
      if (this.#isBusy || command === 'DM_VERSION') return undefined;
      if (this.options.isWatched === true) this.#check();
      if (this.random.chance(this.chances.race)) this.#io();
      // A daemon that cannot start says so and ends: faults come once it follows.
      const isFollowing = this.kernel.clock.now() > this.#startedMs;
      if (this.random.chance(this.chances.interference ?? 0)) this.#interfere();
      if (this.#node !== undefined) this.requests++;
      if (this.random.chance(this.chances.kill ?? 0) || this.requests === this.options.killAt) {
        this.#kill();
        return ERRNO.EIO;
      }
      return isFollowing && this.random.chance(this.chances.fault) ? ERRNO.ENOMEM : undefined;
    };
    this.#launch(map.groupId as number);
    await this.kernel.clock.advance(100);
  }

  #launch(groupId: number): void {
    const { kernel } = this;
    this.#stop = new AbortController();
    const node = new KillableNode(kernel.openControl());
    this.#node = node;
    const { aheadBytes: bytes } = this.options;
    const ahead = bytes === undefined ? undefined : { cpus: 2, word: `${++this.#daemons}`, bytes };
    runFilemapd({
      dm: new DeviceMapper(node),
      follow: (onNotice) => {
        this.#file = this.fs.follow(FILE, { onNotice });
        return this.#file;
      },
      clock: kernel.clock,
      groupId,
      mode: this.mode,
      absenceMs: 1000,
      lookAhead: ahead,
      maxRegions: this.options.maxRegions,
      preallocate: this.options.preallocate,
      memory: MEMORY,
      log: (_level, text) => this.log.push(text),
      onFollowing: () => {
        if (this.#node === node) this.#startedMs = kernel.clock.now();
      },
      signal: this.#stop.signal,
    }).then(
      (end) => {
        if (this.#node === node) this.#ended = end;
      },
      (error: unknown) => {
        if (this.#node === node) this.#failed = error;
      },
    );
  }

  /** The daemon is no more from this request on. */
  #kill(): void {
    if (this.#node === undefined) return;
    this.#node.isKilled = true;
    this.#node = undefined;
    // Ends the loop; whatever it does on its way out comes to nothing.
    this.#stop.abort();
    this.log.push('killed');
    this.#startedMs = Number.POSITIVE_INFINITY;
  }

  async #restart(): Promise<void> {
    const [groupId] = this.members();
    assert.ok(groupId !== undefined, 'the group is gone');
    this.#launch(groupId);
    await this.kernel.clock.advance(this.random.below(200));
  }

  /** The daemon is told to stop: it must leave nothing but the group. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.kernel.clock.advance(100);
    assert.equal(this.ended?.status, 0);
    this.assertNoLookAhead();
  }

  assertNoLookAhead(): void {
    assert.deepEqual(
      this.#list().filter(({ program }) => program === LOOK_AHEAD_PROGRAM),
      [],
    );
  }

  /** Packed regions are named by the group's tag. */
  assertNoStrays(): void {
    const named = this.packedIds();
    const strays = this.#list().filter(({ id, program }) => program === PACKED && !named.includes(id));
    assert.deepEqual(strays, []);
  }

  get ended(): { status: number; message: string } | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    return this.#ended;
  }

  #list(): readonly Listed[] {
    const text = this.kernel.message(this.#device, '@stats_list') ?? '';
    if (text !== this.#listed.text) {
      const list = listOf(text);
      this.#listed = { text, list, tag: tagIn(list) };
    }
    return this.#listed.list;
  }

  /** The ids that the group's tag names as packed. */
  packedIds(): readonly number[] {
    return this.#tag().packed;
  }

  /** The areas that packed regions claim whose companion is there too. */
  #packedAreas(list: readonly Listed[], ids: readonly number[]): PackedArea[] {
    const packed = list.filter(({ id, program }) => program === PACKED && ids.includes(id));
    return packed.flatMap((one) => {
      const [word, bits] = one.aux.split(',areas=');
      const isWhole = packed.some(({ claim, aux }) => aux === `${word},whole` && claim.start === one.claim.start);
      if (bits === undefined || !isWhole) return [];
      const bytes = Buffer.from(bits, 'base64url');
      const areas = Math.ceil((one.claim.end - one.claim.start) / one.step);
      return Array.from({ length: areas }, (_, area) => area)
        .filter((area) => ((bytes[area >> 3] ?? 0) & (1 << (area % 8))) !== 0)
        .map((area) => {
          const start = one.claim.start + area * one.step;
          return { id: one.id, area, start, end: start + one.step };
        });
    });
  }

  /** The ids that the group's tag names as members. */
  members(): readonly number[] {
    return this.#tag().ids;
  }

  #tag(): Named {
    this.#list();
    return this.#listed.tag;
  }

  /** From now on, each I/O is judged by the claims of the moment at which it ends. */
  #accountFromNow(): void {
    const { truth } = this.fs;
    const add = truth.add.bind(truth);
    truth.add = (record) => {
      add(record);
      this.#account(record);
    };
  }

  #account({ inode, sector, sectors: length }: TruthRecord): void {
    const ids = this.members();
    if (ids.join() !== this.#lastMembers) [this.#unguarded, this.#stale] = [[], []];
    this.#lastMembers = ids.join();
    const members = new Set(ids);
    const list = this.#list();
    const ours = list.filter(({ program }) => program === 'dmstats');
    const overlap = (claims: readonly Claim[]): number =>
      claims.reduce(
        (sum, { start, end }) => sum + Math.max(0, Math.min(end, sector + length) - Math.max(start, sector)),
        0,
      );
    const plain = ours.filter(({ id }) => members.has(id));
    const claims = plain.map(({ claim }) => claim);
    const held = overlap([...claims, ...this.#packedAreas(list, this.packedIds())]);
    this.claimedSectors += held;
    this.lostSectors += overlap(this.#unguarded);
    this.lostSectors += overlap(plain.filter(({ id }) => this.#stale.includes(id)).map(({ claim }) => claim));
    const own = [this.#file?.inode.number, this.fs.names.find(FILE)?.inode.number];
    if (own.includes(inode)) this.unclaimedSectors += length - held;
    const everyId = list.map(({ id }) => id);
    this.coveredSectors += overlap([...ours.map(({ claim }) => claim), ...this.#packedAreas(list, everyId)]);
  }

  get #path(): string | undefined {
    return this.fs.names.find(FILE) === undefined ? undefined : FILE;
  }

  /** One I/O, ended before anything else happens; it allocates only in a world that does nothing else. */
  #io(): void {
    const path = this.#path;
    if (path === undefined) return;
    this.#isBusy = true;
    const size = Number(this.fs.inode(path).size);
    const blocks = Math.ceil(size / BLOCK);
    if (this.options.growsOnly) this.fs.write(path, size, BLOCK, { durationNs: 0 });
    else if (this.options.isStorm === true) this.fs.read(path, 0, size, { durationNs: 0 });
    else if (blocks > 0) this.fs.read(path, this.random.below(blocks) * BLOCK, BLOCK, { durationNs: 0 });
    this.#isBusy = false;
  }

  /** One random operation on the file system, then some time. */
  async step(): Promise<void> {
    const { random, fs } = this;
    const path = this.#path;
    const offset = random.below(60) * BLOCK;
    const length = (1 + random.below(12)) * BLOCK;
    fs.longestRun = random.chance(this.options.maxRegions === undefined ? 0.3 : 0.9)
      ? 1 + random.below(3)
      : Number.POSITIVE_INFINITY;
    const durationNs = random.below(3) * 100_000;
    const actions: (() => void)[] = [
      () => fs.write('/other', offset, length, { durationNs }),
      () => fs.read('/other', 0, length, { durationNs }),
      () => fs.truncate('/other', offset),
    ];
    if (this.options.isAlone) actions.length = 0;
    else if (this.options.aheadBytes !== undefined) actions.push(...this.#passing(length, durationNs));
    if (path !== undefined && this.options.growsOnly) actions.push(...this.#growth(path, length, durationNs));
    else if (path !== undefined) {
      const size = Number(fs.inode(path).size);
      actions.push(
        () => fs.write(path, size, length, { durationNs }),
        () => fs.write(path, offset, length, { mode: 'buffered' }),
        () => fs.write(path, offset, length, { mode: 'aio', durationNs }),
        () => fs.write(path, offset, length, { mode: 'mmap' }),
        () => fs.read(path, offset, length, { durationNs }),
        () => fs.read(path, 0, size, { durationNs }),
        () => fs.read(path, 0, size, { durationNs }),
        () => fs.writeback(),
        () => fs.fallocate(path, offset, length),
        () => fs.punch(path, offset, length),
        () => fs.truncate(path, random.chance(0.3) ? 0 : offset),
        () => {
          fs.defragment(path);
          // The journal's write: without it, moving unwritten extents would touch no sector.
          fs.write('/other', 0, BLOCK, { durationNs });
        },
        () => this.#replace(),
      );
    }
    (actions[random.below(actions.length)] as () => void)();
    if (random.chance(this.chances.others)) this.#others();
    await this.kernel.clock.settle();
    if (this.options.isWatched === true) this.#check();
    if (this.#node === undefined && random.chance(0.3)) await this.#restart();
    // Long enough for freed blocks to be handed out again.
    if (this.options.aheadBytes !== undefined && random.chance(0.1))
      await this.kernel.clock.advance(random.below(2 * REUSE_MS));
    await this.kernel.clock.advance(random.chance(0.1) ? random.below(7000) : random.below(80));
  }

  /** Files that come and go: their blocks pass to others, with what was counted on them. */
  #passing(length: number, durationNs: number): (() => void)[] {
    const { fs, random } = this;
    const path = `/tmp${random.below(3)}`;
    const exists = fs.names.find(path) !== undefined;
    const make = (): void => {
      if (!exists) fs.create(path);
      fs.write(path, 0, length * 10, { durationNs });
      fs.read(path, 0, length * 10, { durationNs });
    };
    const remove = (): void => (exists ? fs.unlink(path) : make());
    return [make, remove, remove];
  }

  #growth(path: string, length: number, durationNs: number): (() => void)[] {
    const { fs } = this;
    const size = Number(fs.inode(path).size);
    const inMemory = Number(fs.inode(path).dirty.blocks) > 0;
    return [
      () => fs.write(path, size, length, { durationNs }),
      () => fs.write(path, size, length, { mode: 'aio', durationNs }),
      () => fs.write(path, size, length * 20, { durationNs }),
      () => fs.write(path, size, length, { mode: 'buffered' }),
      () => fs.write(path, size, length * 20, { mode: 'buffered' }),
      () => fs.write(path, size, length, { mode: 'mmap' }),
      () => (inMemory ? fs.writeback() : fs.write(path, size, BLOCK, { durationNs })),
      () => fs.read('/other', 0, 100 * BLOCK, { durationNs }),
    ];
  }

  #replace(): void {
    if (this.mode === 'inode') return;
    const { fs, random } = this;
    fs.create('/new');
    fs.write('/new', 0, (1 + random.below(20)) * BLOCK);
    fs.rename('/new', FILE);
  }

  #others(): void {
    const list = this.#list();
    const victim = list[this.random.below(Math.max(1, list.length))];
    const choice = this.random.below(3);
    if (choice === 0 || victim === undefined) {
      const range = { start: sectors(0), length: sectors(64) };
      // Not awaited: the kernel lets the device's I/O end first.
      this.#stats.createRegion({ range, programId: 'other' }).catch(() => {});
    } else this.#spoil(victim, choice === 1 ? 'delete' : 'clear');
  }

  /** Another program between two requests of the daemon. */
  #interfere(): void {
    const list = this.#list();
    const victim = list[this.random.below(Math.max(1, list.length))];
    if (victim !== undefined) this.#spoil(victim, this.random.chance(0.5) ? 'delete' : 'clear');
  }

  /** A region loses what it has counted. A leader is only cleared: with it, the group would be gone. */
  #spoil({ id, aux, claim, program }: Listed, deed: 'delete' | 'clear'): void {
    this.lostSectors += sum(this.#counted(id));
    const isDeletion = deed === 'delete' && !aux.startsWith('DMS_GROUP');
    const isComing = aux.startsWith('handover=') || (program === PACKED && !this.packedIds().includes(id));
    this.kernel.message(this.#device, `@stats_${isDeletion ? 'delete' : 'clear'} ${id}`);
    // Until the daemon sees it, its predecessor in a hand-over counts what nobody will carry.
    if (isDeletion && isComing) this.#unguarded.push(claim);
    if (isDeletion && this.members().includes(id)) this.#stale.push(id);
  }

  /** Sectors that a region has counted, by area. */
  #counted(id: number): number[] {
    return sectorsByLine(this.kernel.message(this.#device, `@stats_print ${id}`) ?? '');
  }

  /** Sectors that the group's packed regions have counted for the file. */
  #packedCount(): number {
    const areas = this.#packedAreas(this.#list(), this.packedIds());
    const byId = new Map(areas.map(({ id }) => [id, this.#counted(id)] as const));
    return sum(areas.map(({ id, area }) => byId.get(id)?.[area] ?? 0));
  }

  /** What the group says is what was, within the bound that it states. */
  #check(): void {
    this.checks++;
    if (this.packedIds().length > 0) this.packedChecks++;
    const text = this.kernel.message(this.#device, '@stats_list') ?? '';
    const regions = text.split('\n').flatMap((line) => (line === '' ? [] : [parseListLine(line)]));
    const group = groupsOf(regions).groups.find(({ alias }) => alias === 'data');
    assert.ok(group !== undefined, 'the group is gone');
    const named = new Set(this.members());
    assert.ok(
      group.members.every((id) => named.has(id)),
      'a region is counted that the tag does not name',
    );
    const { carried } = group;
    const live = sum(group.members.map((id) => sum(this.#counted(id))));
    const kept = carried === undefined ? 0 : Number(carried.readSectors + carried.writeSectors);
    const sectors = live + kept + this.#packedCount();
    const bound = Number(group.error.sectors);
    if (this.chances.race === 0 && (this.chances.interference ?? 0) === 0 && this.chances.others === 0)
      assert.equal(bound, 0, 'an error although no I/O raced');
    const least = this.claimedSectors - bound - this.lostSectors;
    const most = this.claimedSectors + this.unclaimedSectors + bound;
    assert.ok(sectors >= least, `${sectors} counted, at least ${least} were, bound ${bound}`);
    assert.ok(sectors <= most, `${sectors} counted, at most ${most} were, bound ${bound}`);
  }

  /** Lets everything be written and the daemon come to rest, without faults or races. */
  async quiesce(): Promise<void> {
    this.kernel.onIoctl = undefined;
    if (this.#node === undefined) await this.#restart();
    this.fs.writeback();
    await this.kernel.clock.advance(30_000);
  }

  /** The group's regions are the file's extents, and no region of the program is outside the group. */
  assertTrue(): void {
    const members = this.members();
    // After three refusals in a row the daemon gives up on a region, and says so.
    const admitted = new Set(this.log.map((text) => Number(/^Region ID (\d+) is still there/.exec(text)?.[1])));
    const own = this.#list().filter(
      ({ id, program }) => program === 'dmstats' && (members.includes(id) || !admitted.has(id)),
    );
    assert.deepEqual(
      own.map(({ id }) => id),
      members,
      'a region leaks',
    );
    const packedIds = this.packedIds();
    const packed = this.#list().filter(
      ({ id, program }) => program === PACKED && (packedIds.includes(id) || !admitted.has(id)),
    );
    assert.deepEqual(
      packed.map(({ id }) => id),
      packedIds,
      'a packed region leaks',
    );
    const file = this.fs.open(FILE);
    const wanted = new Set<number>();
    for (const { physical, length } of this.fs.extentsOf(this.fs.inode(FILE), false)) {
      for (let sector = Number(physical) / 512; sector < Number(physical + length) / 512; sector++) wanted.add(sector);
    }
    file[Symbol.dispose]();
    const covered = new Set<number>();
    for (const claim of [...own.map((one) => one.claim), ...this.#packedAreas(this.#list(), packedIds)]) {
      if (claim.start >= DEVICE_SECTORS) continue;
      for (let sector = claim.start; sector < claim.end; sector++) {
        assert.ok(!covered.has(sector), `sector ${sector} is covered twice`);
        covered.add(sector);
      }
    }
    assert.deepEqual([...covered].sort(), [...wanted].sort());
  }

  /** What the group says that it counted, and the error that the daemon admitted. */
  async totals(): Promise<{ sectors: number; missed: number; bound: number }> {
    const { groups } = totals(await read(this.#stats), 1e9);
    const sample = [...groups.values()].find(({ group: { alias } }) => alias === 'data');
    assert.ok(sample !== undefined, 'the group is gone');
    const { group, counters: sum } = sample;
    const bound = Number(group.error.sectors);
    const missed = Number(group.missed);
    return { sectors: Number(sum.readSectors + sum.writeSectors), missed, bound };
  }

  /** The group is deleted: the daemon must end with 0 and leave nothing. */
  async deleteGroup(): Promise<void> {
    for (const id of [...this.members()].reverse()) this.kernel.message(this.#device, `@stats_delete ${id}`);
    await this.kernel.clock.advance(12_000);
    assert.deepEqual(this.ended, { type: 'exit', status: 0, message: 'Filemap group removed: exiting.' });
    const admitted = this.log.some((text) => /is still there|killed/.test(text));
    if (!admitted)
      assert.deepEqual(
        this.#list().filter(({ program }) => program === 'dmstats' || program === PACKED),
        [],
      );
    this.assertNoLookAhead();
    this.#dm[Symbol.dispose]();
  }
}
