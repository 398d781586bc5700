import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

// More or others: DM_SEED=7 DM_HISTORIES=1 node --test dist/test/dirtylog/model
// A history takes one to two milliseconds of processor time: a test run can spare no more of them.
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const HISTORIES = Number(process.env['DM_HISTORIES'] ?? 100_000);
const THREADS = HISTORIES < 2 ? 1 : 2;

test(`LogServer loses no dirty bit in ${HISTORIES} histories of crashes, failures, resends and table swaps`, async () => {
  const count = Math.ceil(HISTORIES / THREADS);
  const threads = Array.from({ length: THREADS }, async (_, thread) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { firstSeed: FIRST_SEED + thread * count, count },
    });
    const [failure] = await once(worker, 'message');
    return failure as string | undefined;
  });
  for (const failure of await Promise.all(threads)) assert.equal(failure, undefined, failure);
});
