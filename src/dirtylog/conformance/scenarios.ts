import { Breach, type KitKernel } from './kernel.ts';

/** Regions of the mirrors that the scenarios make, and their size in sectors. */
const REGIONS = 40;
const REGION_SECTORS = 1024;
const LENGTH = REGIONS * REGION_SECTORS;
const WORDS = `${LENGTH} clustered-core ${REGION_SECTORS}`;
const ESRCH = -3;
/** A message of the process connector, which servers that join the wrong groups receive too: `CN_IDX_PROC`. */
const PROC_EVENT_ID = 1;

/** Something that the kernel relies on. */
export interface Scenario {
  readonly name: string;
  /** What happens to the mirror when it does not hold. */
  readonly consequence: string;
  readonly run: (kernel: KitKernel) => Promise<void>;
}

function expect(holds: boolean, breach: string): void {
  if (!holds) throw new Breach(breach);
}

async function start(kernel: KitKernel, options = ''): Promise<void> {
  const { error } = await kernel.construct(`${WORDS}${options}`);
  expect(error === 0, `CTR "${WORDS}${options}" is answered with error ${error}`);
  await kernel.must('RESUME');
}

/** All of them; each begins with a log of its own. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a log is made, and its region size is that of its table',
    consequence: 'the kernel divides by it',
    async run(kernel) {
      await start(kernel);
      const { values } = await kernel.must('GET_REGION_SIZE');
      expect(values[0] === REGION_SECTORS, `the region size is ${values[0]}, the table says ${REGION_SECTORS}`);
    },
  },
  {
    name: 'region sizes that are 0, no power of two, no number or beyond the mirror are refused',
    consequence: 'region size 0 makes the kernel divide by zero, others break its arithmetic',
    async run(kernel) {
      for (const size of ['0', '1', '3', '1000', '-8', 'x', `${LENGTH * 2}`]) {
        const { error } = await kernel.construct(`${LENGTH} clustered-core ${size}`);
        expect(error < 0, `region size ${size} is taken`);
      }
    },
  },
  {
    name: 'a reconnecting constructor is answered without data',
    consequence: 'the kernel has no room for the device name and tries again every 2 s for ever; I/O hangs',
    async run(kernel) {
      await start(kernel);
      const { error } = await kernel.construct(WORDS, { reconnects: true });
      expect(error === 0, `it is answered with error ${error}`);
      await kernel.must('RESUME');
    },
  },
  {
    name: 'requests for an unknown log are answered with -ESRCH and data of full size',
    consequence: 'any other error on IN_SYNC has the kernel write to one leg only, without a mark: silent divergence',
    async run(kernel) {
      for (const [type, size, ...values] of [
        ['IN_SYNC', 8, 0],
        ['GET_SYNC_COUNT', 8],
        ['GET_RESYNC_WORK', 16],
        ['IS_REMOTE_RECOVERING', 16, 0],
        ['MARK_REGION', 0, 0],
        ['FLUSH', 0],
      ] as const) {
        const answer = await kernel.ask(type, ...values);
        expect(answer.error === ESRCH, `${type} is answered with error ${answer.error}`);
        expect(answer.bytes === size, `${type} is answered with ${answer.bytes} bytes, the retry needs ${size}`);
      }
    },
  },
  {
    name: 'RESUME of an unknown log is no error',
    consequence: 'the error of a reconnecting RESUME becomes that of the request that waits: an IN_SYNC, perhaps',
    run: async (kernel) => void (await kernel.must('RESUME')),
  },
  {
    name: 'FLUSH takes regions to mark',
    consequence: 'a table with integrated_flush holds all its writes',
    async run(kernel) {
      await start(kernel, ' nosync');
      await kernel.must('FLUSH', 3, 5);
      await kernel.must('FLUSH');
    },
  },
  {
    name: 'IN_SYNC is exactly 0 or 1',
    consequence: 'the kernel compares with 1',
    async run(kernel) {
      await start(kernel, ' nosync');
      for (const region of [0, 1, 31, 32, REGIONS - 1]) {
        const { values, bytes } = await kernel.must('IN_SYNC', region);
        expect(bytes === 8 && values[0] === 1, `IN_SYNC ${region} of a mirror in sync is ${values}`);
      }
    },
  },
  {
    name: 'a mark after a clear wins',
    consequence: 'a region that is written counts as clean',
    async run(kernel) {
      await start(kernel, ' nosync');
      await kernel.must('MARK_REGION', 7);
      await kernel.must('CLEAR_REGION', 7);
      await kernel.must('MARK_REGION', 7, 8);
      await kernel.must('FLUSH');
      const { values } = await kernel.must('IN_SYNC', 7);
      expect(values[0] === 1, 'a marked region is out of sync');
    },
  },
  {
    name: 'resync goes through all regions, one at a time',
    consequence: 'a region beyond the end is copied, or the resync never ends',
    async run(kernel) {
      await start(kernel, ' sync');
      for (let done = 0; done < REGIONS; done++) {
        const { values } = await kernel.must('GET_RESYNC_WORK');
        const region = values[1] ?? REGIONS;
        expect(values[0] === 1 && region < REGIONS, `after ${done} regions GET_RESYNC_WORK is ${values}`);
        const again = await kernel.must('GET_RESYNC_WORK');
        expect(
          again.values[0] === 0 || again.values[1] === region,
          `two regions are handed out: ${region}, ${again.values[1]}`,
        );
        await kernel.must('SET_REGION_SYNC', region, 1);
        await kernel.must('CLEAR_REGION', region);
        const count = await kernel.must('GET_SYNC_COUNT');
        expect(count.values[0] === done + 1, `${count.values[0]} regions are in sync after ${done + 1}`);
      }
      const { values } = await kernel.must('GET_RESYNC_WORK');
      expect(values[0] === 0, 'there is work left when all is in sync');
    },
  },
  {
    name: 'the hint of IS_REMOTE_RECOVERING stays below the number of regions while there is work',
    consequence: 'the kernel never asks for work again',
    async run(kernel) {
      await start(kernel, ' sync');
      const { values } = await kernel.must('IS_REMOTE_RECOVERING', 0);
      expect((values[1] ?? REGIONS) < REGIONS, `the hint is ${values[1]} of ${REGIONS}`);
    },
  },
  {
    name: 'nothing is recovering while the log is suspended',
    consequence: 'queued writes never drain, and the suspend never ends',
    async run(kernel) {
      await start(kernel, ' sync');
      await kernel.must('GET_RESYNC_WORK');
      await kernel.must('PRESUSPEND');
      for (const region of [0, REGIONS - 1]) {
        const { values } = await kernel.must('IS_REMOTE_RECOVERING', region);
        expect(values[0] === 0, `region ${region} is recovering`);
      }
      await kernel.must('POSTSUSPEND');
      await kernel.must('RESUME');
    },
  },
  {
    name: 'requests are idempotent: sent twice, both are answered alike',
    consequence: 'the kernel sends again after 15 s',
    async run(kernel) {
      await start(kernel, ' nosync');
      for (const type of ['RESUME', 'FLUSH', 'PRESUSPEND', 'POSTSUSPEND', 'RESUME'] as const) {
        await kernel.must(type);
        await kernel.must(type);
      }
      await kernel.must('MARK_REGION', 1);
      await kernel.must('MARK_REGION', 1);
      const { values } = await kernel.must('GET_SYNC_COUNT');
      expect(values[0] === REGIONS, `${values[0]} of ${REGIONS} regions are in sync`);
    },
  },
  {
    name: 'a constructor with a luid in use replaces the log',
    consequence: 'the kernel reuses its addresses: the table cannot be loaded',
    async run(kernel) {
      await start(kernel, ' nosync');
      await start(kernel, ' nosync');
    },
  },
  {
    name: 'the end of a replaced table leaves the new one alone',
    consequence: 'each reload loses the log',
    async run(kernel) {
      await start(kernel, ' nosync');
      const old = kernel.luid;
      const next = old + 0x1000n;
      kernel.luid = next;
      await kernel.construct(`${WORDS} nosync`);
      kernel.luid = old;
      await kernel.must('PRESUSPEND');
      await kernel.must('POSTSUSPEND');
      kernel.luid = next;
      await kernel.must('RESUME');
      kernel.luid = old;
      await kernel.must('DTR');
      kernel.luid = next;
      const { values } = await kernel.must('GET_SYNC_COUNT');
      expect(values[0] === REGIONS, `${values[0]} of ${REGIONS} regions are in sync after the reload`);
    },
  },
  {
    name: 'messages of other connectors are passed over',
    consequence: 'their answer hits a request of device-mapper that has the same number',
    async run(kernel) {
      await start(kernel);
      const noise = new Uint8Array(76);
      const view = new DataView(noise.buffer);
      view.setUint32(0, noise.length, true);
      view.setUint32(16, PROC_EVENT_ID, true);
      view.setUint32(20, 1, true);
      view.setUint16(32, 40, true);
      const sent = await kernel.raw(noise);
      expect(sent.length === 0, 'an event of the process connector is answered');
      await kernel.must('GET_SYNC_COUNT');
    },
  },
  {
    name: 'the status says how many words follow',
    consequence: 'libdm and dmeventd misread the line',
    async run(kernel) {
      await start(kernel);
      const { text } = await kernel.must('STATUS_INFO');
      const [count, ...words] = text.trim().split(' ');
      expect(Number(count) === words.length, `the status is "${text}"`);
    },
  },
];
