import { keyOf } from '../devices/table-uses.ts';
import { applyPlan, type FirstCounts } from '../filemap/apply.ts';
import { type Run, runsOf } from '../filemap/extents.ts';
import { deviceOf } from '../filemap/file-view.ts';
import { checkMappable, readExtents } from '../filemap/filemap.ts';
import { placeOfGroup } from '../filemap/group-place.ts';
import { clearLeftovers, leftoversOf, settled } from '../filemap/leftovers.ts';
import { moveFilemap } from '../filemap/move.ts';
import { changesNothing, isAnchor } from '../filemap/plan.ts';
import { MAX_PIECES, type PlannedUpdate, planFilemapUpdate } from '../filemap/update.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmError, DmParseError, UsageError } from '../mapper/errors.ts';
import { ZERO_COUNTERS } from '../stats/counters.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import { creditedRuns, type PackedIds } from '../stats/packed.ts';
import { Ahead } from './ahead.ts';
import type { FilemapdMode } from './arguments.ts';
import { HeldClaim } from './claim.ts';
import type { FollowedFile } from './followed-file.ts';
import { GroupNotes, markPath } from './group-notes.ts';
import { type GroupSeen, groupsIn } from './groups-in.ts';
import type { Look, MonitorEvent } from './monitor.ts';
import { NoticeWait } from './notice-wait.ts';
import { Reservation } from './reservation.ts';
import type { FilemapdRun } from './run-options.ts';
import { tellApplied, tellUndeleted } from './tell-applied.ts';

const isRefusal = (error: unknown): error is Error =>
  error instanceof UsageError || error instanceof DmParseError || (error instanceof Error && 'errno' in error);

const isSame = (a: readonly Run[], b: readonly Run[]): boolean =>
  a.length === b.length && a.every(({ start, end }, index) => start === b[index]?.start && end === b[index]?.end);

interface Applied {
  readonly alias: string;
  readonly changed: boolean;
  readonly pending: boolean;
  readonly costMs: number;
}

/** One monitor's effects on the world. */
export class FilemapDaemon implements AsyncDisposable {
  readonly notices: NoticeWait;
  readonly #run: FilemapdRun;
  readonly #file: FollowedFile;
  readonly #reservation: Reservation;
  readonly #claim: HeldClaim;
  #device: DeviceNumber | undefined;
  #groupId: number;
  #isFollowing = false;
  #lastFailure: string | undefined;
  #ahead: Ahead | undefined;
  #packed: PackedIds | undefined;
  /** Those of the last look. */
  #deviceWrites = 0n;
  /** The extents at the last update. */
  #runs: readonly Run[] = [];

  constructor(run: FilemapdRun) {
    this.#run = run;
    this.#groupId = run.groupId;
    this.notices = new NoticeWait(run.clock, run.signal);
    this.#file = run.follow(() => this.notices.hear());
    this.#claim = new HeldClaim(run.claim);
    const { clock, log, preallocate: bytes } = run;
    this.#reservation = new Reservation({
      file: this.#file,
      bytes,
      notes: () => new GroupNotes(this.#stats(), this.#groupId),
      now: () => clock.now(),
      log,
    });
  }

  async look(mode: FilemapdMode): Promise<Look> {
    this.notices.clear();
    // Notices first: what happens after them is seen by the facts or makes the next notice.
    const isModified = this.#file.takeModified();
    const facts = this.#file.facts();
    const deviceWrites = this.#file.deviceWrites();
    this.#deviceWrites = deviceWrites;
    const { shared } = this.#run;
    this.#ahead?.sawWrites(deviceWrites, this.#device && shared?.quietWrites(this.#device));
    return {
      facts,
      atPath: mode === 'path' ? await this.#alone(facts.device, () => this.#file.factsAtPath()) : facts,
      isModified,
      deviceWrites,
      place: shared?.place() ?? 1,
      isListed: this.#isListed,
      isUnfinished: this.#ahead?.isMoving === true,
      takesTurns: shared !== undefined && this.#run.preallocate === undefined,
      soleHolder: mode === 'inode' && facts.links === 0 && this.#file.isSoleHolder(),
    };
  }

  /** The look-ahead is looked after with each look at the group. */
  get #isListed(): boolean {
    if (this.#device === undefined || this.#ahead?.isNeeded === true) return false;
    return this.#run.shared?.isListed(this.#device, this.#groupId) === true;
  }

  async checkGroup(): Promise<MonitorEvent> {
    const start = this.#run.clock.now();
    try {
      const device = this.#device ?? deviceOf(this.#file);
      const seen = (await this.#groups(device)).get(this.#groupId);
      if (seen === undefined) return await this.#groupGone();
      const costMs = this.#run.clock.now() - start;
      const ahead = this.#ahead;
      if (ahead !== undefined) await this.#alone(device, () => ahead.adjust());
      return { type: 'groupSeen', isDamaged: seen.isDamaged, costMs };
    } catch (error) {
      return this.#failed(error, start);
    }
  }

  /** Another program that deleted the group knows nothing of what its extents share. */
  async #groupGone(): Promise<MonitorEvent> {
    if (this.#packed !== undefined) await this.#stats().deletePacked({ packed: this.#packed });
    return { type: 'groupGone' };
  }

  async #groups(device: DeviceNumber): Promise<ReadonlyMap<number, GroupSeen>> {
    const { shared } = this.#run;
    return shared === undefined ? groupsIn(await this.#stats().listBytes()) : shared.groups(device);
  }

  async #alone<T>(device: DeviceNumber, action: () => Promise<T>): Promise<T> {
    const { shared } = this.#run;
    return shared === undefined ? action() : shared.alone(device, action);
  }

  #stats(): DeviceStats {
    return new DeviceStats(this.#run.dm, this.#device ?? deviceOf(this.#file));
  }

  async update(tidy: boolean): Promise<MonitorEvent> {
    const start = this.#run.clock.now();
    try {
      await this.#file.locate?.(this.#run.dm, this.#run.level);
    } catch (error) {
      return this.#failed(error, start);
    }
    return this.#alone(deviceOf(this.#file), () => this.#update(tidy));
  }

  /** Whether the extents are still where they were at the last update: the rest of an update costs many times that. */
  async glance(): Promise<MonitorEvent> {
    // Baselines age while the device is written.
    if (this.#ahead?.isNeeded === true) return this.update(false);
    const start = this.#run.clock.now();
    try {
      await this.#file.locate?.(this.#run.dm, this.#run.level);
      const device = deviceOf(this.#file);
      if (this.#device === undefined || keyOf(this.#device) !== keyOf(device))
        return { type: 'glanced', isMoved: true };
      const { runs, pending } = await this.#alone(device, () => readExtents(this.#file, false));
      return { type: 'glanced', isMoved: pending || !isSame(runs, this.#runs) };
    } catch (error) {
      return this.#failed(error, start);
    }
  }

  async #update(tidy: boolean): Promise<MonitorEvent> {
    const { clock } = this.#run;
    const start = clock.now();
    try {
      if (this.#device === undefined || keyOf(this.#device) !== keyOf(deviceOf(this.#file))) {
        const device = await checkMappable(this.#run.dm, this.#file, this.#run.level);
        this.#device ??= await this.#findGroup();
        await this.#claim.take(this.#device, this.#groupId);
        if (keyOf(this.#device) !== keyOf(device) && !(await this.#move(device))) return await this.#noGroup();
        this.#device = device;
      }
      await this.#claim.take(this.#device, this.#groupId);
      await this.#reservation.keep();
      const facts = this.#file.facts();
      const result = await this.#apply(tidy);
      if (result === undefined) return await this.#noGroup();
      const { alias, ...seen } = result;
      this.#run.onUpdated?.({ device: this.#device, groupId: this.#groupId, alias, changed: seen.changed });
      if (!this.#isFollowing) {
        this.#isFollowing = true;
        this.#run.onFollowing?.(this.#groupId);
      }
      this.#lastFailure = undefined;
      return { type: 'updated', facts, groupId: this.#groupId, ...seen };
    } catch (error) {
      return this.#failed(error, start);
    }
  }

  async #noGroup(): Promise<MonitorEvent> {
    if (this.#isFollowing) return this.#groupGone();
    const { major, minor } = this.#device ?? deviceOf(this.#file);
    throw new UsageError(`Group ID ${this.#groupId} does not exist on device ${major}:${minor}`);
  }

  /** The path by which a group is found that was left on another device; undefined when the file stays where it is. */
  get #path(): string | undefined {
    const isBound = this.#run.mode === 'inode' && (this.#file.located?.files ?? []).length === 0;
    return isBound ? undefined : this.#run.path;
  }

  /** Finds the device that has the group, which may have another id there. */
  async #findGroup(): Promise<DeviceNumber> {
    const { dm, log, device, groupId, path, shared } = this.#run;
    // A service has looked before, for all its files.
    if (path === undefined || (device !== undefined && shared !== undefined)) return device ?? deviceOf(this.#file);
    const paths = this.#path === undefined ? [] : [this.#path];
    const place = await placeOfGroup(dm, this.#file, { groupId, paths, device });
    if (place.groupId !== groupId) log(1, `group_id changed from ${groupId} to ${place.groupId}`);
    this.#groupId = place.groupId;
    return place.device;
  }

  /** What the kernel refused once may go well the next time; what the user must change ends the monitor. */
  #failed(error: unknown, start: number): MonitorEvent {
    if (!isRefusal(error)) throw error;
    // At the start, too, others may delete regions between the list and what is done by it.
    const isRaced = DmError.is(error, 'ENOENT');
    const final = error instanceof UsageError || !(this.#isFollowing || isRaced);
    if (!final && error.message !== this.#lastFailure) this.#run.log(1, `Will try again: ${error.message}`);
    this.#lastFailure = error.message;
    this.#run.onFailed?.(error.message);
    return { type: 'updateFailed', final, message: error.message, costMs: this.#run.clock.now() - start };
  }

  /** Undefined when the group is gone. */
  async #apply(tidy: boolean): Promise<Applied | undefined> {
    const { dm, clock, log, lookAhead, maxRegions, memory } = this.#run;
    const reading = await this.#ahead?.read();
    const start = clock.now();
    const maxPieces = tidy ? 1 : MAX_PIECES;
    const how = { groupId: this.#groupId, sync: false, maxPieces, maxRegions, memory, mayTidy: tidy };
    const planned = await planFilemapUpdate(dm, this.#file, how);
    if (planned === undefined) return undefined;
    const { stats, filemap, extents, plan, list, spans } = planned;
    if (filemap.group.id !== this.#groupId) {
      log(1, `group_id changed from ${this.#groupId} to ${filemap.group.id}`);
      this.#groupId = filemap.group.id;
      await this.#claim.take(this.#device ?? deviceOf(this.#file), this.#groupId);
    }
    tellUndeleted(log, await clearLeftovers(stats, leftoversOf(list, filemap.group)));
    const group = await markPath(stats, settled(filemap.group), this.#path);
    if (await this.#reservation.freeLeft(group.reserved)) return this.#apply(tidy);
    this.#packed = filemap.group.packed;
    // What must be done is done; only looking in vain has to be rare.
    const costMs = clock.now() - start;
    if (lookAhead !== undefined && this.#ahead === undefined) {
      const run = { file: this.#file, options: lookAhead, now: () => clock.now(), log };
      const isFirst = this.#run.shared?.isFirstOn(this.#device ?? deviceOf(this.#file)) ?? true;
      this.#ahead = await Ahead.begin(run, stats, { groupId: filemap.group.id, isFirst }, filemap.options);
      this.#ahead.sawWrites(this.#deviceWrites);
    }
    this.#ahead?.keepListed(list);
    const changed = !changesNothing(plan) || filemap.group.missing.length > 0;
    if (changed) await this.#change({ ...planned, filemap: { ...filemap, group } });
    const grown = runsOf(plan.create.filter((range) => !isAnchor(range)));
    const covered = [...runsOf(filemap.regions), ...spans.flatMap(creditedRuns)];
    this.#ahead?.remember({ extents, covered, grown }, reading);
    await this.#ahead?.adjust();
    this.#runs = extents.runs;
    return { alias: filemap.group.alias, changed, pending: extents.pending, costMs };
  }

  async #change({ stats, filemap, extents, plan }: PlannedUpdate): Promise<void> {
    const { log } = this.#run;
    const applied = await applyPlan(stats, filemap.group, plan, filemap.options, { first: this.#first });
    const { group } = applied;
    tellApplied(log, applied, extents.notes);
    if (group.id !== this.#groupId) log(1, `group_id changed from ${this.#groupId} to ${group.id}`);
    if (group.id !== filemap.group.id) await this.#ahead?.rename(group.id);
    this.#groupId = group.id;
    this.#packed = group.packed;
  }

  /** What is known of sectors before they have a region. */
  get #first(): FirstCounts {
    return {
      held: async (run) => (await this.#ahead?.first.held(run)) ?? { counted: ZERO_COUNTERS, sectors: 0 },
      beside: async (run) => this.#ahead?.first.beside?.(run),
      isUntouched: (run) => this.#reservation.isUnwritten(run),
    };
  }

  /** Frees what is reserved for the file; its regions must not stay where others may write then. */
  async release(): Promise<void> {
    if (!this.#reservation.isKept || this.#device === undefined) return;
    try {
      await this.#alone(this.#device, async () => {
        if (await this.#reservation.release()) await this.#apply(false);
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#run.log(0, `Regions may be left where the file was to grow: ${error.message}`);
    }
  }

  /** The file is on another device now: its group moves there. @returns false when the group is gone */
  async #move({ major, minor }: DeviceNumber): Promise<boolean> {
    const { dm, log, maxRegions, level, memory } = this.#run;
    const how = { maxRegions, level, memory };
    const groupId = await moveFilemap(dm, this.#file, this.#stats(), this.#groupId, how);
    if (groupId === undefined) return false;
    await this.#ahead?.end();
    this.#ahead = undefined;
    log(1, `The file is on device ${major}:${minor} now; group_id changed from ${this.#groupId} to ${groupId}`);
    this.#groupId = groupId;
    return true;
  }

  async reopen(): Promise<MonitorEvent> {
    await this.release();
    const found = await this.#alone(this.#file.facts().device, () => this.#file.reopen());
    if (found) {
      this.#reservation.forget();
      this.#ahead?.forget();
      this.#run.onReopened?.(this.#file.facts());
      this.#run.log(2, 'The path names another file now: following it');
    }
    return { type: 'reopened', found };
  }

  watchCloses(): void {
    this.#file.watchCloses();
    this.#run.log(1, 'File unlinked and open: continuing.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ahead = this.#ahead;
    // A service that ends takes them away all at once.
    if (ahead !== undefined && this.#run.shared?.isEnding() !== true)
      await this.#alone(this.#device ?? deviceOf(this.#file), () => ahead.end());
    this.#claim[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }
}
