/** A service on simulated devices: what it needs of a machine, and what happens to its files. */
import { createFilemap } from '../../src/filemap/filemap.ts';
import type { FilemapdMode } from '../../src/filemapd/arguments.ts';
import { FilemapService } from '../../src/filemapd/service/service.ts';
import { SharedMapper } from '../../src/filemapd/service/shared-mapper.ts';
import { formatAdded, formatState, parseState } from '../../src/filemapd/service/state-file.ts';
import { type FileStatus, statusOf } from '../../src/filemapd/service/status.ts';
import type { OpenedFile, ServiceWorld } from '../../src/filemapd/service/world.ts';
import { WriteCounters } from '../../src/filemapd/write-counters.ts';
import type { DmCommand } from '../../src/kernel/dm-ioctl.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedClock } from '../../src/simulator/clock.ts';
import { SimulatedFileSystem, SimulatedKernel } from '../../src/simulator/index.ts';
import { EPOCH_NS } from '../../src/simulator/volume.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { SystemError } from '../../src/system/errors.ts';
import { LinkedFile, type Target } from './linked-file.ts';

export const BLOCK = 4096;

/** Time that also counts how often somebody was woken by it. */
export class CountingClock extends SimulatedClock {
  wakeups = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await super.sleep(ms, signal);
    if (signal?.aborted !== true) this.wakeups++;
  }
}

/** Devices `vol0`, `vol1`, …, each with a file system at `/0`, `/1`, …, and a service that may be killed and begun anew. */
export class ServiceScene {
  readonly clock = new CountingClock();
  readonly kernel = new SimulatedKernel({ clock: this.clock });
  readonly systems: readonly SimulatedFileSystem[];
  readonly dm: DeviceMapper;
  readonly log: string[] = [];
  /** What is asked of device-mapper, by the first word of each message. */
  readonly asked = new Map<string, number>();
  /** What a path names that is a symbolic link. */
  readonly links = new Map<string, string>();
  /** Requests of services so far. */
  requests = 0;
  /** At this one the service is killed. */
  killAt = Number.POSITIVE_INFINITY;
  /** Requests to this device wait until it is undefined again. */
  hanging: string | undefined;
  readonly #lookAheadBytes: number;
  readonly #held: (() => void)[] = [];
  readonly #folders = new Map<string, Set<() => void>>();
  readonly #claims = new Set<string>();
  #state = formatState({ files: [], patterns: [] });
  #services = 0;
  #life = { isKilled: false };
  service: FilemapService;

  /** @param lookAheadBytes see `ServiceWorld` */
  constructor(devices: number, sectors = 2 ** 17, lookAheadBytes = 8 << 20) {
    this.#lookAheadBytes = lookAheadBytes;
    this.systems = Array.from({ length: devices }, (_, index) => {
      const { number } = this.kernel.addDevice(`vol${index}`, { sectors });
      return new SimulatedFileSystem(this.kernel, number);
    });
    this.dm = new DeviceMapper(this.kernel.openControl());
    this.service = this.#begin();
  }

  #named(path: string): string {
    return this.links.get(path) ?? path;
  }

  /** `/1/name` lies on `vol1`. */
  system(path: string): SimulatedFileSystem {
    const system = this.systems[Number(this.#named(path).split('/')[1])];
    if (system === undefined) throw new SystemError('open', ERRNO.ENOENT);
    return system;
  }

  stats(path: string): DeviceStats {
    return new DeviceStats(this.dm, { name: `vol${this.#named(path).split('/')[1]}` });
  }

  #begin(): FilemapService {
    const life = { isKilled: false };
    this.#life = life;
    const node = this.kernel.openControl();
    const seen = (command: DmCommand, buffer: Uint8Array): void => {
      if (!life.isKilled && ++this.requests === this.killAt) this.kill();
      if (life.isKilled) throw new SystemError('ioctl', ERRNO.EIO);
      const word = command === 'DM_TARGET_MSG' ? /@\w+/.exec(Buffer.from(buffer).toString('latin1'))?.[0] : command;
      if (word !== undefined) this.asked.set(word, (this.asked.get(word) ?? 0) + 1);
    };
    const dm = new SharedMapper(
      {
        ioctl: (command, buffer) => {
          seen(command, buffer);
          node.ioctl(command, buffer);
        },
        ioctlAsync: async (command, buffer) => {
          seen(command, buffer);
          await this.#mayHang(buffer);
          await node.ioctlAsync(command, buffer);
        },
        kernel: node.kernel,
        reopen: () => node.reopen(),
        eventsPending: (signal) => node.eventsPending(signal),
        [Symbol.dispose]: () => node[Symbol.dispose](),
      },
      () => this.clock.now(),
    );
    const world: ServiceWorld = {
      dm,
      clock: this.clock,
      timeOfDay: () => Number(EPOCH_NS / 1_000_000n) + this.clock.now(),
      store: {
        read: () => parseState(this.#state),
        write: (state) => {
          if (!life.isKilled) this.#state = formatState(state);
        },
        add: (file) => {
          if (!life.isKilled) this.#state += formatAdded(file);
        },
      },
      writes: new WriteCounters(
        0,
        () => this.clock.now(),
        (device) => ({
          read: () => this.systems.find((one) => one.device.minor === device.minor)?.deviceWrites() ?? 0n,
          [Symbol.dispose]() {},
        }),
      ),
      open: async (path) => this.#open(path),
      realPath: async (path) => path,
      names: async (folder) => this.#names(folder),
      watchFolder: async (folder, onChange) => {
        const listeners = this.#folders.get(folder) ?? new Set();
        this.#folders.set(folder, listeners.add(onChange));
        return { [Symbol.dispose]: () => void listeners.delete(onChange) };
      },
      claim: async ({ minor }, group) => this.#claim(life, `${minor}/${group}`),
      tagForm: () => 'quoted',
      cpus: 2,
      word: `service${++this.#services}`,
      lookAheadBytes: this.#lookAheadBytes,
      log: (level, text) => void (level < 3 && this.log.push(text)),
    };
    return new FilemapService(world);
  }

  async #mayHang(buffer: Uint8Array): Promise<void> {
    // struct dm_ioctl: dev at 40, as the kernel encodes it: the minor's low byte first (include/linux/kdev_t.h).
    const minor = this.systems.find((one) => `vol${this.systems.indexOf(one)}` === this.hanging)?.device.minor;
    if (minor === undefined || buffer[40] !== minor) return;
    await new Promise<void>((resolve) => this.#held.push(resolve));
  }

  /** The device that hangs answers. */
  release(): void {
    this.hanging = undefined;
    for (const go of this.#held.splice(0)) go();
  }

  #claim(life: { readonly isKilled: boolean }, name: string): Disposable | undefined {
    const key = `${this.#services} ${name}`;
    if (life.isKilled || this.#claims.has(key)) return undefined;
    this.#claims.add(key);
    return { [Symbol.dispose]: () => void this.#claims.delete(key) };
  }

  #names(folder: string): string[] {
    const system = this.system(`${folder}/`);
    return this.names
      .filter((path) => path.startsWith(`${folder}/`) && system.factsAt(path) !== undefined)
      .map((path) => {
        return path.slice(folder.length + 1);
      });
  }

  /** All paths that a test has made. */
  readonly names: string[] = [];

  #open(path: string): OpenedFile {
    const system = this.system(path);
    if (/^\/\d+$/.test(path)) {
      // The folder of all files of a file system.
      const view = system.open(this.names.find((name) => this.system(name) === system) ?? '');
      return { view, follow: () => assertNever(), [Symbol.dispose]: () => view[Symbol.dispose]() };
    }
    const name = this.#named(path);
    if (system.factsAt(name) === undefined) throw new SystemError('open', ERRNO.ENOENT);
    const view = system.open(name);
    const target = (): Target => ({ system: this.system(path), path: this.#named(path) });
    return {
      view,
      follow: ({ onNotice }) => new LinkedFile(target, onNotice),
      [Symbol.dispose]: () => view[Symbol.dispose](),
    };
  }

  /** Makes a file with some blocks; tells its folder. */
  create(path: string, blocks = 4): void {
    const system = this.system(path);
    system.create(path);
    if (blocks > 0) system.write(path, 0, blocks * BLOCK, { durationNs: 0 });
    if (!this.names.includes(path)) this.names.push(path);
    this.tell(path);
  }

  tell(path: string): void {
    for (const onChange of this.#folders.get(path.slice(0, path.lastIndexOf('/'))) ?? []) onChange();
  }

  /** What `dmstats create --filemap` does. */
  async follow(path: string, mode: FilemapdMode = 'inode'): Promise<void> {
    using file = this.system(path).open(this.#named(path));
    const { device, groupId = -1 } = await createFilemap(this.dm, file, { programId: 'dmstats', alias: path });
    const { device: home, inode } = file.facts();
    await this.service.follow({ path, mode, device, home, inode, groupId, absenceMs: 1000, lookAhead: true });
  }

  /** The service is no more; nothing that it still does has any effect. */
  kill(): void {
    this.#life.isKilled = true;
    void this.service[Symbol.asyncDispose]();
  }

  async restart(): Promise<void> {
    this.service = this.#begin();
    await this.service.restore();
  }

  async files(): Promise<readonly FileStatus[]> {
    return (await statusOf(this.service)).files;
  }

  /** Whether the group of this name has regions exactly where the file's data lies. */
  async isTrue(path: string, alias = path): Promise<boolean> {
    const { regions, groups } = await this.stats(path).list();
    const group = groups.find((one) => one.alias === alias);
    if (group === undefined) return false;
    const covered = new Set<number>();
    for (const { id, start, length } of regions) {
      if (!group.members.includes(id) || start >= 2n ** 54n) continue;
      for (let sector = Number(start); sector < Number(start + length); sector++) covered.add(sector);
    }
    const system = this.system(path);
    const wanted = new Set<number>();
    for (const { physical, length } of system.extentsOf(system.inode(this.#named(path)), false)) {
      for (let sector = Number(physical) / 512; sector < Number(physical + length) / 512; sector++) wanted.add(sector);
    }
    return covered.size === wanted.size && [...wanted].every((sector) => covered.has(sector));
  }
}

function assertNever(): never {
  throw new Error('a folder is not followed');
}
