import { expect, REGIONS, type Scenario, start } from './scenario.ts';

const ESRCH = -3;
/** A message of the process connector, which servers that join the wrong groups receive too: `CN_IDX_PROC`. */
const PROC_EVENT_ID = 1;
/** The most regions of one request: the kernel's `MAX_FLUSH_GROUP_COUNT`. */
const MOST_MARKS = 32;

/** What the kernel relies on in single answers. */
export const REQUEST_SCENARIOS: readonly Scenario[] = [
  {
    name: 'each of the 17 requests is answered, with as much data as the kernel waits for',
    consequence: 'the kernel takes what was in its memory before for the answer, or refuses the answer',
    async run(kernel) {
      await start(kernel, ' nosync');
      for (const [type, size, ...values] of [
        ['GET_REGION_SIZE', 8],
        ['IS_CLEAN', 8, 0],
        ['IN_SYNC', 8, 0],
        ['FLUSH', 0],
        ['MARK_REGION', 0, 0],
        ['CLEAR_REGION', 0, 0],
        ['GET_RESYNC_WORK', 16],
        ['SET_REGION_SYNC', 0, 0, 1],
        ['GET_SYNC_COUNT', 8],
        ['IS_REMOTE_RECOVERING', 16, 0],
        ['PRESUSPEND', 0],
        ['POSTSUSPEND', 0],
        ['RESUME', 0],
      ] as const) {
        const { bytes } = await kernel.must(type, ...values);
        expect(bytes === size, `${type} is answered with ${bytes} bytes of data, the kernel waits for ${size}`);
      }
      for (const type of ['STATUS_INFO', 'STATUS_TABLE'] as const) {
        expect((await kernel.must(type)).bytes > 0, `${type} is answered without a text`);
      }
      await kernel.must('DTR');
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
    name: 'FLUSH takes regions to mark',
    consequence: 'a table with integrated_flush holds all its writes',
    async run(kernel) {
      await start(kernel, ' nosync');
      await kernel.must('FLUSH', ...Array.from({ length: MOST_MARKS }, (_, region) => region));
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
    name: 'a region that is set out of sync is so, until it is set in sync',
    consequence: 'the legs differ, and the stale one is read',
    async run(kernel) {
      await start(kernel, ' nosync');
      await kernel.must('SET_REGION_SYNC', 7, 0);
      await kernel.must('CLEAR_REGION', 7);
      for (const [isInSync, count] of [
        [0, REGIONS - 1],
        [1, REGIONS],
      ] as const) {
        const { values } = await kernel.must('IN_SYNC', 7);
        expect(values[0] === isInSync, `IN_SYNC is ${values} where the region was set to ${isInSync}`);
        const known = await kernel.must('GET_SYNC_COUNT');
        expect(known.values[0] === count, `${known.values} regions are in sync instead of ${count}`);
        await kernel.must('SET_REGION_SYNC', 7, 1);
      }
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
