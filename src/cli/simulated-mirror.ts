import type { AskLogs } from '../dashboard/logs.ts';
import { KitKernel } from '../dirtylog/conformance/kernel.ts';
import { MemoryServer } from '../dirtylog/conformance/memory-server.ts';
import { heatOf, statusOf } from '../dirtylog/daemon/answer-question.ts';
import { EMPTY_BOOK } from '../dirtylog/resync-book.ts';
import { SimulatedRandom } from '../simulator/random.ts';

/** A mirror with a log that is served, in memory, written and resynchronised in real time. */
export interface SimulatedMirror extends Disposable {
  readonly askLogs: AskLogs;
}

const NAME = 'vg-mirror';
const UUID = 'LVM-simulated-mirror';
const LOG_DEVICE = '254:9';
const REGIONS = 4096;
const REGION_SECTORS = 1024;
const TICK_MS = 100;
const TICKS_A_SECOND = 1000 / TICK_MS;
const RESYNCED_A_TICK = 3;
const WRITES_A_TICK = 4;
/** A region stays marked for so many ticks after it was written. */
const MARKED_TICKS = 20;
const RESOLUTION = 2 ** 30;

/** Makes it and keeps it busy until it is disposed of; it does not keep the process alive. */
export async function startSimulatedMirror(): Promise<SimulatedMirror> {
  const memory = new MemoryServer();
  const kernel = new KitKernel(memory, UUID);
  const random = new SimulatedRandom(2);
  const fraction = (): number => random.below(RESOLUTION) / RESOLUTION;
  await kernel.construct(`${REGIONS * REGION_SECTORS} disk ${LOG_DEVICE} ${REGION_SECTORS}`);
  await kernel.must('RESUME');
  const markedUntil = new Map<number, number>();
  let tick = 0;
  // A file system's journal, a database that is written here and there, and the rest.
  const writtenRegion = (): number => {
    const kind = fraction();
    if (kind < 0.4) return Math.floor(REGIONS * 0.5) + ((tick >> 4) % 64);
    if (kind < 0.9) return Math.floor(REGIONS * (0.1 + 0.2 * fraction() ** 3));
    return Math.floor(REGIONS * fraction());
  };
  const write = async (): Promise<void> => {
    const regions = Array.from({ length: WRITES_A_TICK }, writtenRegion);
    const fresh = [...new Set(regions)].filter((region) => !markedUntil.has(region));
    for (const region of regions) markedUntil.set(region, tick + MARKED_TICKS);
    if (fresh.length === 0) return;
    await kernel.must('MARK_REGION', ...fresh);
    await kernel.must('FLUSH');
  };
  const clear = async (): Promise<void> => {
    const past = [...markedUntil].filter(([, until]) => until <= tick).map(([region]) => region);
    for (const region of past) markedUntil.delete(region);
    if (past.length > 0) await kernel.must('CLEAR_REGION', ...past);
  };
  const resync = async (): Promise<void> => {
    for (let copied = 0; copied < RESYNCED_A_TICK; copied++) {
      const { values } = await kernel.must('GET_RESYNC_WORK');
      const [hasWork = 0, region = 0] = values;
      if (hasWork === 0) return;
      await kernel.must('SET_REGION_SYNC', region, 1);
      // The kernel clears what it has copied; its half of the log sends clears with the next flush.
      await kernel.must('CLEAR_REGION', region);
    }
  };
  let isBusy = false;
  const timer = setInterval(async () => {
    if (isBusy) return;
    isBusy = true;
    await write();
    await clear();
    await resync();
    if (++tick % TICKS_A_SECOND === 0) memory.server.tick();
    isBusy = false;
  }, TICK_MS).unref();
  return {
    askLogs: async () => {
      const mirrors = [...memory.server.mirrors];
      return {
        status: { mirrors: mirrors.map((one) => ({ ...statusOf(one), devices: [NAME] })), resync: EMPTY_BOOK },
        heat: mirrors.map(heatOf),
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
