import type { FileView } from '../filemap/file-view.ts';
import { createFilemap } from '../filemap/filemap.ts';
import { updateFilemap } from '../filemap/update.ts';
import { DeviceMapper } from '../mapper/device-mapper.ts';
import { nanoseconds } from '../mapper/units.ts';
import { SimulatedFileSystem } from '../simulator/file-system.ts';
import { SimulatedKernel } from '../simulator/kernel.ts';
import { SimulatedRandom } from '../simulator/random.ts';

/** Simulated devices with files on them that are read and written in real time. */
export interface SimulatedWorld extends Disposable {
  readonly dm: DeviceMapper;
  /** Opens one of its files. @throws SystemError ENOENT */
  readonly openFile: (path: string) => FileView;
}

const TICK_MS = 50;
const MIB = 2 ** 20;
const KIB = 2 ** 10;
const NS_PER_US = 1_000;
const NS_PER_MS = 1_000_000;
const BOUNDS_US = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
const GROWTH_TICKS = 100;
const GROWTH_MIB = 4;
const MAX_LOG_MIB = 256;
/** After a pause of the process, not all that was not done is made up for. */
const MAX_TICKS_AT_ONCE = 10;
const SECTORS = 2 ** 23;
const RESOLUTION = 2 ** 30;

/** A file and what is done to it in a tick. */
interface Habit {
  readonly path: string;
  readonly mib: number;
  /** The longest run of blocks that it gets: short ones make many extents. */
  readonly longestRun: number;
  readonly readsATick: number;
  readonly writesATick: number;
  readonly bytes: number;
  /** The typical duration of an I/O. */
  readonly us: number;
  /** Whether it is written from its beginning to its end, again and again, and gets longer. */
  readonly isLog: boolean;
}

const HABITS: readonly Habit[] = [
  habit('/srv/images/vm-web.img', { mib: 192, longestRun: 4096, readsATick: 4, writesATick: 3, us: 300 }),
  habit('/srv/db/orders.db', { mib: 96, longestRun: 1024, readsATick: 12, writesATick: 5, bytes: 8 * KIB, us: 120 }),
  habit('/srv/log/journal', { mib: 8, longestRun: 2048, writesATick: 2, bytes: 128 * KIB, us: 4_000, isLog: true }),
];

function habit(path: string, given: Pick<Habit, 'mib' | 'longestRun' | 'us'> & Partial<Habit>): Habit {
  return { path, readsATick: 0, writesATick: 0, bytes: 16 * KIB, isLog: false, ...given };
}

/** Makes the world and keeps it busy until it is disposed of; it does not keep the process alive. */
export async function startSimulatedWorld(): Promise<SimulatedWorld> {
  const kernel = new SimulatedKernel();
  const random = new SimulatedRandom(1);
  const fraction = (): number => random.below(RESOLUTION) / RESOLUTION;
  const { number } = kernel.addDevice('vg-data', { sectors: SECTORS });
  kernel.addDevice('vg-swap', { sectors: SECTORS / 4 });
  const dm = new DeviceMapper(kernel.openControl());
  const files = new SimulatedFileSystem(kernel, number, { seed: 1 });
  const bounds = BOUNDS_US.map((us) => nanoseconds(us * NS_PER_US));
  kernel.message('vg-swap', `@stats_create - /64 2 precise_timestamps histogram:${bounds.join(',')} dmstats -`);
  const follow = async ({ path, mib, longestRun }: Habit): Promise<() => Promise<void>> => {
    files.create(path);
    files.longestRun = longestRun;
    files.write(path, 0, mib * MIB);
    const file = files.open(path);
    const { groupId } = await createFilemap(dm, file, { programId: 'dmstats', alias: path, precise: true, bounds });
    let id = groupId ?? -1;
    return async () => {
      ({ groupId: id } = await updateFilemap(dm, file, { groupId: id }));
    };
  };
  // Durations have a long tail, as those of disks do.
  const durationNs = (us: number): number => {
    const sum = fraction() + fraction() + fraction() - 1.5;
    return Math.round(us * NS_PER_US * Math.exp(sum * 2.5));
  };
  const offsetIn = (length: number, bytes: number): number => {
    // Squared: some places of a file are busier than others.
    const place = fraction() ** 2 * (length / bytes);
    return Math.floor(place) * bytes;
  };
  let logged = 0;
  const use = ({ path, readsATick, writesATick, bytes, us, isLog }: Habit): void => {
    const length = Number(files.inode(path).size);
    for (let index = 0; index < readsATick; index++) {
      files.read(path, offsetIn(length, bytes), bytes, { durationNs: durationNs(us) });
    }
    for (let index = 0; index < writesATick; index++) {
      const offset = isLog ? (logged++ * bytes) % length : offsetIn(length, bytes);
      files.write(path, offset, bytes, { durationNs: durationNs(us * 2) });
    }
  };

  const updates: (() => Promise<void>)[] = [];
  for (const one of HABITS) updates.push(await follow(one));
  let isRunning = true;
  const update = async (): Promise<void> => {
    for (const { path, isLog } of HABITS) {
      const { size } = files.inode(path);
      if (isLog && size < MAX_LOG_MIB * MIB) files.fallocate(path, size, GROWTH_MIB * MIB);
    }
    for (const one of updates) if (isRunning) await one();
  };
  const doTick = (): void => {
    for (const one of HABITS) use(one);
    for (let index = 0; index < 3; index++) {
      kernel.io({
        device: 'vg-swap',
        direction: index % 2 === 0 ? 'read' : 'write',
        sector: Math.floor(fraction() ** 3 * (SECTORS / 4 - 64)),
        sectors: 8,
        durationNs: durationNs(800),
      });
    }
    kernel.clock.advanceNs(TICK_MS * NS_PER_MS);
    if (++tick % GROWTH_TICKS === 0) void update();
  };
  let tick = 0;
  let doneMs = performance.now();
  const timer = setInterval(() => {
    // Timers fire late on a busy machine: what is simulated keeps the pace of the clock on the wall.
    const nowMs = performance.now();
    doneMs = Math.max(doneMs, nowMs - MAX_TICKS_AT_ONCE * TICK_MS);
    for (; doneMs + TICK_MS <= nowMs; doneMs += TICK_MS) doTick();
  }, TICK_MS).unref();
  return {
    dm,
    openFile: (path) => files.open(path),
    [Symbol.dispose]() {
      isRunning = false;
      clearInterval(timer);
      dm[Symbol.dispose]();
    },
  };
}
