import { keyOf } from '../../devices/table-uses.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { runFilemapd } from '../run.ts';
import type { PoolShare } from './look-ahead-pool.ts';
import { PARKED_MS, PATH_PARKED_MS, ParkingClock } from './parking-clock.ts';
import type { Pulse } from './pulse.ts';
import type { FileRecord, FollowedRecord } from './records.ts';
import type { ServedDevice } from './served-device.ts';
import type { OpenedFile, ServiceWorld } from './world.ts';

/** What a followed file needs of its service. */
export interface FileHost {
  readonly world: ServiceWorld;
  readonly pulse: Pulse;
  /** The device, made when it is not there yet. @throws UsageError when it is no block device */
  deviceOf(number: DeviceNumber): ServedDevice;
  /** Whether the service ends, and with it all its files. */
  isEnding(): boolean;
  /** A file's record has changed. */
  onChanged(): void;
}

/** How following a file ended. */
export interface FileEnd {
  readonly status: 0 | 1;
  readonly message: string;
}

/** A file that a service follows. */
export class ServedFile {
  readonly pattern: string | undefined;
  /** When its regions changed last, milliseconds since 1970; undefined: not since the service began. */
  lastChange: number | undefined;
  /** Why the last attempt at its regions failed; undefined: it did not. */
  failure: string | undefined;
  isReleased = false;
  /** Resolves when it is followed, or when that came to nothing. */
  readonly begun: Promise<FileEnd | undefined>;
  readonly ended: Promise<FileEnd>;
  readonly #host: FileHost;
  readonly #stop = new AbortController();
  readonly #share: PoolShare | undefined;
  #record: FileRecord;
  #alias = '';
  #device: ServedDevice;
  #isFollowed = false;

  /**
   * @param share its part of the memory for look-ahead regions; undefined: it has none
   * @param word tells its look-ahead regions from those of all others
   */
  constructor(
    host: FileHost,
    record: FileRecord,
    pattern: string | undefined,
    opened: OpenedFile,
    share: PoolShare | undefined,
    word: string,
  ) {
    this.#host = host;
    this.#record = record;
    this.pattern = pattern;
    this.#share = share;
    this.#device = host.deviceOf(record.device);
    this.#device.placeOf(this);
    let onFollowing = (): void => {};
    const following = new Promise<undefined>((resolve) => {
      onFollowing = () => resolve(undefined);
    });
    this.ended = this.#run(opened, word, onFollowing);
    this.begun = Promise.race([following, this.ended]);
  }

  get record(): FollowedRecord {
    return { ...this.#record, alias: this.#alias, pattern: this.pattern };
  }

  get device(): ServedDevice {
    return this.#device;
  }

  get isFollowed(): boolean {
    return this.#isFollowed;
  }

  /** Whether it is this file that a number means. */
  isFile(home: DeviceNumber, inode: bigint): boolean {
    return inode === this.#record.inode && keyOf(home) === keyOf(this.#record.home);
  }

  /** Ends following it; the group stays. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends following it for good: a successor does not go on with it. */
  release(): void {
    this.isReleased = true;
    this.#stop.abort();
  }

  async #run(opened: OpenedFile, word: string, onFollowing: () => void): Promise<FileEnd> {
    const { world, pulse } = this.#host;
    const { groupId, mode, path, device, absenceMs } = this.#record;
    const rank = (): number => this.#share?.rank() ?? 0;
    const parking = {
      park: (wake: () => void) => {
        const bytes = this.#share?.bytes() ?? 0;
        const { groupId } = this.#record;
        // Those who must give up memory for look-ahead do so soon; who has none is not asked each time.
        const isDue = (): boolean => bytes > 0 && this.#share?.bytes() !== bytes;
        return this.#device.park({ groupId, rank, isDue, wake });
      },
    };
    try {
      return await runFilemapd({
        dm: world.dm,
        follow: (onNotice) => opened.follow({ onNotice, onRenamed: (path) => this.#renamed(path) }),
        clock: new ParkingClock(pulse, parking, mode === 'path' ? PATH_PARKED_MS : PARKED_MS),
        groupId,
        mode,
        path,
        device,
        absenceMs,
        log: (level, text) => world.log(level, `${this.#record.path}: ${text}`),
        lookAhead: this.#share === undefined ? undefined : { cpus: world.cpus, word, share: this.#share },
        maxRegions: this.#record.maxRegions,
        level: this.#record.level,
        preallocate: this.#record.preallocate,
        claim: world.claim,
        shared: {
          place: () => rank() || this.#device.placeOf(this),
          groups: (device) => this.#host.deviceOf(device).groups(),
          isListed: (device, group) => this.#host.deviceOf(device).isWhole(group),
          quietWrites: (device) => this.#host.deviceOf(device).quietWrites,
          isFirstOn: (device) => this.#host.deviceOf(device).isNew(),
          isEnding: () => this.#host.isEnding(),
          alone: (device, action) => this.#host.deviceOf(device).alone(action),
        },
        onUpdated: (update) => {
          this.failure = undefined;
          if (update.changed) this.lastChange = world.timeOfDay();
          this.#alias = update.alias;
          this.#moved(update.device, update.groupId);
        },
        onFailed: (message) => {
          this.failure = message;
        },
        onFollowing: () => {
          this.#isFollowed = true;
          onFollowing();
        },
        onReopened: ({ device: home, inode }) => this.#change({ home, inode }),
        signal: this.#stop.signal,
      });
    } catch (error) {
      // One file's trouble must not end the others.
      return { status: 1, message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#share?.[Symbol.dispose]();
      this.#device.leave(this);
    }
  }

  #moved(device: DeviceNumber, groupId: number): void {
    const { major, minor } = this.#record.device;
    if (major !== device.major || minor !== device.minor) {
      this.#device.leave(this);
      this.#device = this.#host.deviceOf(device);
      this.#device.placeOf(this);
      this.#change({ device, groupId });
    } else if (groupId !== this.#record.groupId) this.#change({ groupId });
  }

  /** A file that is followed wherever it goes is found by its new name after a restart. */
  #renamed(path: string | undefined): void {
    if (this.#record.mode === 'inode' && path !== undefined) this.#change({ path });
  }

  #change(what: Partial<FileRecord>): void {
    this.#record = { ...this.#record, ...what };
    if (this.#isFollowed) this.#host.onChanged();
  }
}
