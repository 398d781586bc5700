import { MIRR_VERSION } from '../logs/mirr.ts';
import { type DiskKernel, logImage } from './disk-kernel.ts';
import { Breach } from './kernel.ts';
import { expect, REGIONS, type Scenario } from './scenario.ts';

/** After so long a server has written what it writes late. */
const LATE_MS = 4000;
/** `DM_NAME_LEN`: the kernel's room for the device's name. */
const MOST_NAME = 128;

/** What a mirror relies on when the machine, its power or its server goes: of logs on a device. */
export const DISK_SCENARIOS: readonly Scenario<DiskKernel>[] = [
  {
    name: 'a blank log device has its header when RESUME is answered',
    consequence: 'the next start takes the device for blank: everything is copied again',
    async run(kernel) {
      await kernel.start();
      expectHeader(kernel);
    },
  },
  {
    name: 'a device without a valid header speaks for no region',
    consequence: 'regions that were never compared count as alike: the legs differ',
    async run(kernel) {
      await kernel.start(logImage(REGIONS).fill(0xff, 0, 16));
      const count = await kernel.syncCount();
      expect(count === 0, `${count} regions are in sync by a device that holds no log`);
      expect(!(await kernel.isInSync(0)), 'region 0 is in sync by a device that holds no log');
    },
  },
  {
    name: 'what is clean on the device is in sync, and what is not is copied',
    consequence: 'after a power cut the legs differ, or everything is copied again',
    async run(kernel) {
      const dirty = [5, 20, REGIONS - 1];
      await kernel.start(logImage(REGIONS, dirty));
      for (let region = 0; region < REGIONS; region++) {
        const isInSync = await kernel.isInSync(region);
        const isClean = !dirty.includes(region);
        expect(isInSync === isClean, `region ${region}, ${isClean ? 'clean' : 'dirty'}, is in sync: ${isInSync}`);
      }
      const { values } = await kernel.must('GET_RESYNC_WORK');
      expect(values[0] === 1 && dirty.includes(values[1] ?? -1), `GET_RESYNC_WORK is ${values}, dirty are ${dirty}`);
    },
  },
  {
    name: 'a mark is on the device when FLUSH is answered',
    consequence: 'a power cut loses the mark: the legs differ, and nobody knows where',
    async run(kernel) {
      await kernel.start(logImage(REGIONS));
      for (const region of [3, 17]) {
        await kernel.must('MARK_REGION', region);
        await kernel.must('FLUSH');
        expect(!kernel.isClean(region), `region ${region} is clean on the device when the FLUSH is answered`);
      }
      // A table with integrated_flush sends its marks so.
      await kernel.must('FLUSH', 9, REGIONS - 1);
      for (const region of [9, REGIONS - 1]) {
        expect(!kernel.isClean(region), `region ${region} is clean on the device when its FLUSH is answered`);
      }
    },
  },
  {
    name: 'a cleared region is not written clean with the next flush',
    consequence: 'the legs’ caches, which the server must flush before, are flushed with each write, or not at all',
    async run(kernel) {
      await markAndClear(kernel, 7);
      await kernel.must('FLUSH');
      expect(!kernel.isClean(7), 'region 7 is clean on the device with the FLUSH after its CLEAR');
    },
  },
  {
    name: 'a cleared region is clean on the device after a suspend',
    consequence: 'each start of the machine copies what was ever written',
    async run(kernel) {
      await markAndClear(kernel, 7);
      await suspend(kernel);
      expect(kernel.isClean(7), 'region 7 is dirty on the device when POSTSUSPEND is answered');
    },
  },
  {
    name: 'a mark after a clear stays on the device, though the clear is late',
    consequence: 'a region that is being written is clean: a power cut leaves the legs different',
    async run(kernel) {
      await markAndClear(kernel, 7);
      await kernel.must('MARK_REGION', 7);
      await kernel.must('FLUSH');
      await kernel.pass(LATE_MS);
      await kernel.must('GET_SYNC_COUNT');
      expect(!kernel.isClean(7), 'region 7 becomes clean on the device after its second mark');
    },
  },
  {
    name: 'a region that is set out of sync stays dirty on the device',
    consequence: 'after the next start the stale leg is read',
    async run(kernel) {
      await markAndClear(kernel, 7);
      await kernel.must('SET_REGION_SYNC', 7, 0);
      await kernel.must('CLEAR_REGION', 7);
      await kernel.pass(LATE_MS);
      await suspend(kernel);
      expect(!kernel.isClean(7), 'region 7, out of sync, is clean on the device after a suspend');
    },
  },
  {
    name: 'a server that is killed and started again keeps the marks',
    consequence: 'what was being written is forgotten: after a power cut the legs differ',
    async run(kernel) {
      await kernel.start(logImage(REGIONS));
      await kernel.must('MARK_REGION', 3, 9);
      await kernel.must('FLUSH');
      await kernel.restartServer();
      await kernel.must('FLUSH');
      for (const region of [3, 9])
        expect(!kernel.isClean(region), `region ${region} is clean after the server’s restart`);
      await kernel.restartMachine();
      for (const region of [3, 9]) {
        expect(!(await kernel.isInSync(region)), `region ${region} is in sync after the machine’s restart`);
      }
      const count = await kernel.syncCount();
      expect(count === REGIONS - 2, `${count} of ${REGIONS} regions are in sync after it, two were marked`);
    },
  },
  {
    name: 'the constructor’s answer names the log device with a NUL, or not at all, and not when the kernel reconnects',
    consequence: 'the table cannot be loaded, or its I/O hangs for ever after the first restart of the server',
    async run(kernel) {
      const { error, text, bytes } = await kernel.construct(kernel.words);
      expect(error === 0, `CTR is answered with error ${error}`);
      const isName = text.indexOf('\0') === text.length - 1 && text.length > 1 && bytes <= MOST_NAME;
      expect(bytes === 0 || isName, `CTR is answered with ${bytes} bytes, ${JSON.stringify(text)}`);
      await kernel.must('RESUME');
      await kernel.restartServer();
    },
  },
  {
    name: 'a mirror that has grown is not in sync where it is new',
    consequence: 'the new part is never copied: the legs differ',
    async run(kernel) {
      const before = REGIONS / 2;
      // What lies behind the bits of a log is nobody's.
      const image = logImage(REGIONS);
      image.set(logImage(before).subarray(0, 16));
      await kernel.start(image);
      for (const [region, isWanted] of [
        [before - 1, true],
        [before, false],
        [REGIONS - 1, false],
      ] as const) {
        const isInSync = await kernel.isInSync(region);
        expect(isInSync === isWanted, `region ${region} is in sync: ${isInSync}, of ${before} before`);
      }
      const count = await kernel.syncCount();
      expect(count === before, `${count} regions are in sync, ${before} were before`);
      expectHeader(kernel);
    },
  },
  {
    name: 'a mirror that has shrunk has the regions that are left',
    consequence: 'regions that are gone count: the resync never ends; or, grown again, they count as alike',
    async run(kernel) {
      await kernel.start(logImage(2 * REGIONS));
      const count = await kernel.syncCount();
      expect(count === REGIONS, `${count} of ${REGIONS} regions are in sync`);
      const { values } = await kernel.must('GET_RESYNC_WORK');
      expect(values[0] === 0, `GET_RESYNC_WORK is ${values} when all is in sync`);
      expectHeader(kernel);
    },
  },
];

async function markAndClear(kernel: DiskKernel, region: number): Promise<void> {
  await kernel.start(logImage(REGIONS));
  await kernel.must('MARK_REGION', region);
  await kernel.must('FLUSH');
  await kernel.must('CLEAR_REGION', region);
}

async function suspend(kernel: DiskKernel): Promise<void> {
  await kernel.must('PRESUSPEND');
  await kernel.must('POSTSUSPEND');
}

function expectHeader(kernel: DiskKernel): void {
  const header = kernel.header();
  if (header === 'blank') throw new Breach('the device has no header');
  if ('version' in header) throw new Breach(`the header is of version ${header.version}, not ${MIRR_VERSION}`);
  expect(header.regions === REGIONS, `the header speaks for ${header.regions} regions, the mirror has ${REGIONS}`);
}
