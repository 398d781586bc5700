import { basename } from 'node:path';
import { keyOf } from '../../devices/table-uses.ts';
import { checkMappable } from '../../filemap/filemap.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { DmError, UsageError } from '../../mapper/errors.ts';
import { GROUP_REMOVED, IDLE_LOOK_MS } from '../monitor.ts';
import { isFollowedAlready } from '../run-options.ts';
import { deleteAllLookAhead, deleteGroup, deleteLookAhead, findAgain, makeGroup } from './groups.ts';
import { LookAheadPool } from './look-ahead-pool.ts';
import { PatternFiles } from './pattern-files.ts';
import { Pulse } from './pulse.ts';
import type { FileRecord, FollowedRecord, PatternRecord } from './records.ts';
import { ServedDevice } from './served-device.ts';
import { type FileEnd, ServedFile } from './served-file.ts';
import type { OpenedFile, ServiceWorld } from './world.ts';

/** Milliseconds between two attempts at what could not be followed. */
const RETRY_MS = 60_000;
const NS_PER_MS = 1_000_000n;
/** How long a service that is told to stop waits while all that is left to do hangs; milliseconds. */
const STOP_MS = 5000;

/** A file that the service before followed and that could not be followed yet. */
export interface WaitingFile {
  readonly record: FollowedRecord;
  readonly reason: string;
}

/** Files and patterns that one process follows. */
export class FilemapService implements AsyncDisposable {
  readonly world: ServiceWorld;
  readonly #pulse: Pulse;
  readonly #pool: LookAheadPool;
  readonly #devices = new Map<string, ServedDevice>();
  readonly #files = new Set<ServedFile>();
  readonly #patterns = new Map<string, PatternFiles>();
  readonly #waiting = new Map<FollowedRecord, string>();
  /** Files that are being opened, so that two patterns do not both take one. */
  readonly #joining = new Set<string>();
  readonly #stop = new AbortController();
  #words = 0;
  /** Whether what is kept is of this service. */
  #isSaved = false;
  #beating: Promise<void>;

  constructor(world: ServiceWorld) {
    this.world = world;
    this.#pulse = new Pulse(world.clock);
    this.#pool = new LookAheadPool(world.lookAheadBytes, () => world.clock.now());
    this.#beating = this.#beat();
  }

  get files(): readonly ServedFile[] {
    return [...this.#files];
  }

  get patterns(): readonly PatternFiles[] {
    return [...this.#patterns.values()];
  }

  get waiting(): readonly WaitingFile[] {
    return [...this.#waiting].map(([record, reason]) => ({ record, reason }));
  }

  get devices(): readonly ServedDevice[] {
    return [...this.#devices.values()];
  }

  /** Looks at each device for all its files that are at rest; now and then at what could not be followed. */
  async #beat(): Promise<void> {
    const { signal } = this.#stop;
    let retryAt = this.#pulse.now() + RETRY_MS;
    for (;;) {
      await this.#pulse.sleep(IDLE_LOOK_MS, signal);
      if (signal.aborted) return;
      for (const [key, device] of this.#devices) {
        if (!device.isEmpty) await device.look();
        else if (this.#devices.delete(key)) device[Symbol.dispose]();
      }
      if (this.#pulse.now() < retryAt) continue;
      retryAt = this.#pulse.now() + RETRY_MS;
      for (const record of this.#waiting.keys()) void this.#pickUp(record);
      for (const files of this.patterns) if (!files.isWatching) void files.scan().catch(() => {});
    }
  }

  #deviceOf(number: DeviceNumber): ServedDevice {
    const key = `${number.major}:${number.minor}`;
    let device = this.#devices.get(key);
    if (device === undefined) {
      const { dm, clock, writes } = this.world;
      device = new ServedDevice(number, dm, () => clock.now(), writes.of(number));
      this.#devices.set(key, device);
    }
    return device;
  }

  /**
   * Goes on with the files of the service before. Those that are not there any more, or whose groups are gone, are let
   * go; what else cannot be followed is tried again each minute.
   *
   * @throws UsageError when what it left cannot be read
   */
  async restore(): Promise<void> {
    const { files, patterns } = this.world.store.read();
    for (const record of files) this.#waiting.set(record, 'not looked at yet');
    for (const record of patterns) this.#patterns.set(record.pattern, this.#filesOf(record));
    await Promise.all(files.map((record) => this.#pickUp(record)));
    await Promise.all(
      // Its status says why.
      this.patterns.map((one) => one.scan().catch(() => {})),
    );
    this.#save();
  }

  async #pickUp(record: FollowedRecord): Promise<void> {
    try {
      const found = await findAgain(this.world, (number) => this.#deviceOf(number), record);
      if ('reason' in found) {
        this.#waiting.delete(record);
        this.world.log(1, `${record.path}: not followed any more: ${found.reason}`);
        const device = this.#deviceOf(record.device);
        if (record.pattern !== undefined && found.isFileGone) await deleteGroup(this.world, device, record);
        else await deleteLookAhead(this.world, device, record);
        return;
      }
      using opened = found.opened;
      const { device: home, inode } = opened.view.facts();
      const { device, groupId } = found;
      await this.#begin({ ...record, home, inode, device, groupId }, record.pattern, opened, false);
      this.#waiting.delete(record);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#waiting.get(record) !== reason) this.world.log(1, `${record.path}: ${reason}`);
      if (isFollowedAlready(reason)) this.#waiting.delete(record);
      else if (this.#waiting.has(record)) this.#waiting.set(record, reason);
    }
  }

  /**
   * Follows a file whose group was just made.
   *
   * @returns the group's id now, once its regions are true
   * @throws UsageError with the reason when it cannot be followed
   */
  async follow(record: FileRecord): Promise<number> {
    using opened = await this.world.open(record.path);
    const { device: home, inode } = opened.view.facts();
    if (keyOf(home) !== keyOf(record.home) || inode !== record.inode) {
      throw new UsageError(`the service finds another file at ${record.path}: is it in another mount name space?`);
    }
    this.#deviceOf(record.device).forgetList();
    const file = await this.#begin(record, undefined, opened, true);
    this.#add(file);
    return file.record.groupId;
  }

  /** @throws UsageError when it cannot be followed */
  async #begin(
    record: FileRecord,
    pattern: string | undefined,
    opened: OpenedFile,
    isNew: boolean,
  ): Promise<ServedFile> {
    const share = record.lookAhead ? this.#pool.join() : undefined;
    // A file that is new to us may be about to grow; of those that were followed before, most are at rest.
    if (isNew) share?.isNew();
    const { world } = this;
    const host = {
      world,
      pulse: this.#pulse,
      deviceOf: (number: DeviceNumber) => this.#deviceOf(number),
      isEnding: () => this.#stop.signal.aborted,
      onChanged: () => this.#save(),
    };
    const file = new ServedFile(host, record, pattern, opened, share, `${world.word}-${this.#words++}`);
    this.#files.add(file);
    const end = await file.begun;
    if (end !== undefined) {
      this.#files.delete(file);
      throw new UsageError(end.message);
    }
    const { path } = file.record;
    void file.ended
      .then((late) => this.#ended(file, late))
      .catch((error) => world.log(1, `${path}: ${error instanceof Error ? error.message : String(error)}`));
    return file;
  }

  async #ended(file: ServedFile, { status, message }: FileEnd): Promise<void> {
    // Its successor goes on with it.
    if (this.#stop.signal.aborted) return;
    this.#files.delete(file);
    const { record, pattern } = file;
    this.world.log(1, `${record.path}: ${message}`);
    this.#save();
    // Nobody else would ever delete what was made for a file that is gone.
    const isGone = status === 0 && message !== GROUP_REMOVED && !file.isReleased;
    if (pattern !== undefined && isGone) await deleteGroup(this.world, this.#deviceOf(record.device), record);
  }

  #filesOf(record: PatternRecord): PatternFiles {
    return new PatternFiles(record, this.world, (path, sinceMs) => this.#joinOf(path, record, sinceMs));
  }

  /**
   * Follows the files of a pattern, those that are there and those that come, each with a group of its own.
   *
   * @returns the pattern's files, once those that are there are followed
   * @throws UsageError for a pattern that is none, one that is followed already, and a folder that is not there or whose
   *   files cannot be mapped
   */
  async addPattern(record: PatternRecord): Promise<PatternFiles> {
    if (this.#patterns.has(record.pattern)) throw new UsageError(`${record.pattern} is followed already`);
    const files = this.#filesOf(record);
    await files.checkFolder();
    this.#patterns.set(record.pattern, files);
    try {
      await files.scan();
      this.#save();
    } catch (error) {
      this.#patterns.delete(record.pattern);
      files[Symbol.dispose]();
      throw error;
    }
    return files;
  }

  #isFollowing(home: DeviceNumber, inode: bigint): boolean {
    for (const file of this.#files) if (file.isFile(home, inode)) return true;
    return false;
  }

  async #joinOf(given: string, pattern: PatternRecord, watchedSinceMs: number): Promise<void> {
    const path = await this.world.realPath(given);
    using opened = await this.world.open(path);
    const { device: home, inode, bornNs } = opened.view.facts();
    const isNewborn = Number(bornNs / NS_PER_MS) > watchedSinceMs;
    const key = `${keyOf(home)}/${inode}`;
    if (this.#joining.has(key) || this.#isFollowing(home, inode)) return;
    this.#joining.add(key);
    try {
      const { mode, absenceMs, lookAhead, maxRegions, level, preallocate } = pattern;
      const number = await checkMappable(this.world.dm, opened.view, level);
      const device = this.#deviceOf(number);
      const groupId = await device.alone(() =>
        makeGroup(this.world, path, opened, pattern, isNewborn, this.#stop.signal),
      );
      const record = {
        path,
        mode,
        absenceMs,
        lookAhead,
        maxRegions,
        level,
        preallocate,
        device: number,
        home,
        inode,
        groupId,
      };
      device.forgetList();
      try {
        const file = await this.#begin(record, pattern.pattern, opened, true);
        this.#add(file);
      } catch (error) {
        await deleteGroup(this.world, device, { groupId, alias: basename(path) });
        throw error;
      }
    } finally {
      this.#joining.delete(key);
    }
  }

  /**
   * Ends following a file, or a pattern with its files; their groups stay.
   *
   * @returns how many files are not followed any more
   * @throws UsageError when nothing of that name is followed
   */
  async release(word: string): Promise<number> {
    const pattern = this.#patterns.get(word);
    pattern?.[Symbol.dispose]();
    this.#patterns.delete(word);
    const files = this.files.filter((file) => file.record.path === word || file.pattern === word);
    for (const file of files) file.release();
    const waiting = [...this.#waiting.keys()].filter((record) => record.path === word || record.pattern === word);
    for (const record of waiting) this.#waiting.delete(record);
    if (pattern === undefined && files.length + waiting.length === 0) {
      throw new UsageError(`${word} is not followed by the service`);
    }
    await Promise.all(files.map((file) => file.ended));
    this.#save();
    return files.length + waiting.length;
  }

  /** Remembers one file more. */
  #add(file: ServedFile): void {
    if (this.#isSaved) this.world.store.add(file.record);
    else this.#save();
  }

  #save(): void {
    this.#isSaved = true;
    const followed = this.files.filter((file) => file.isFollowed && !file.isReleased).map((file) => file.record);
    const patterns = this.patterns.map(({ record }) => record);
    this.world.store.write({ files: [...followed, ...this.#waiting.keys()], patterns });
  }

  /** Devices that hang. */
  get stuck(): readonly ServedDevice[] {
    return this.devices.filter((device) => device.stuckSince !== undefined);
  }

  /** Ends following all files; their groups stay, and a successor goes on with them. Devices that hang are left as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const files of this.patterns) files[Symbol.dispose]();
    for (const file of this.#files) file.stop();
    const scans = this.patterns.map((files) => files.settled());
    const busy = new Set(this.#devices.values());
    const devices = [...busy].map((device) => this.#endOn(device).finally(() => busy.delete(device)));
    const ended = Promise.all([this.#beating, ...scans, ...devices]);
    const giveUp = new AbortController();
    let isOver = false;
    const over = (): void => {
      isOver = true;
      giveUp.abort();
    };
    ended.then(over, over);
    for (let waited = 0; !isOver; waited += STOP_MS) {
      if (waited > 0 && [...busy].every((device) => device.stuckSince !== undefined)) break;
      if (waited === STOP_MS) this.world.log(0, `still ending: ${busy.size} devices have work to be done`);
      await this.world.clock.sleep(STOP_MS, giveUp.signal);
    }
    this.#pulse[Symbol.dispose]();
    for (const device of this.#devices.values()) device[Symbol.dispose]();
    if (isOver) await ended;
  }

  /** Waits for the end of all files on a device, then deletes what they had laid there. */
  async #endOn(device: ServedDevice): Promise<void> {
    await Promise.all(this.files.filter((file) => file.device === device).map((file) => file.ended));
    try {
      for (const { id, error } of await deleteAllLookAhead(this.world, device)) {
        this.world.log(1, `Region ID ${id} of device ${keyOf(device.number)} is still there: ${error.message}`);
      }
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.world.log(1, `Look-ahead regions may be left on device ${keyOf(device.number)}: ${error.message}`);
    }
  }
}
