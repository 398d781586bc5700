import { expect, LENGTH, REGION_SECTORS, REGIONS, type Scenario, start, WORDS } from './scenario.ts';

/** The longest constructor that the kernel can send: 512 bytes without the headers. */
const MOST_WORDS = 332;

/** What the kernel relies on when tables come, go, are swapped and reconnected. */
export const TABLE_SCENARIOS: readonly Scenario[] = [
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
    name: `a constructor of ${MOST_WORDS} bytes is taken, and taken again with its NUL`,
    consequence: 'a table that can be loaded hangs at the first restart of the server',
    async run(kernel) {
      const words = WORDS.padEnd(MOST_WORDS);
      for (const reconnects of [false, true]) {
        const { error } = await kernel.construct(words, { reconnects });
        expect(error === 0, `it is answered with error ${error}${reconnects ? ' when the kernel reconnects' : ''}`);
        await kernel.must('RESUME');
      }
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
    name: 'RESUME of an unknown log is no error',
    consequence: 'the error of a reconnecting RESUME becomes that of the request that waits: an IN_SYNC, perhaps',
    run: async (kernel) => void (await kernel.must('RESUME')),
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
    name: 'a constructor with a luid in use replaces the log',
    consequence: 'the kernel reuses its addresses: the table cannot be loaded',
    async run(kernel) {
      await start(kernel, ' nosync');
      const { error } = await kernel.construct(`${LENGTH} clustered-core ${REGION_SECTORS / 2}`);
      expect(error === 0, `it is answered with error ${error}`);
      const { values } = await kernel.must('GET_REGION_SIZE');
      expect(values[0] === REGION_SECTORS / 2, `the region size is still ${values}`);
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
];
