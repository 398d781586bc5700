/** Loads a policy as the server's thread does, calls it with a mirror of 100 regions, and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { Bitmap } from '../../../src/dirtylog/bitmap.ts';
import { loadPolicy } from '../../../src/dirtylog/daemon/policy-sandbox.ts';
import { LatePolicy, type UntrustedPolicy } from '../../../src/dirtylog/guarded-policy.ts';
import { Heat } from '../../../src/dirtylog/heat.ts';

const outOfSync = new Bitmap(100);
for (const region of [5, 17, 60]) outOfSync.add(region);
const heat = new Heat(100);
for (const region of [60, 17, 60]) heat.add(region);
const mirror = { uuid: 'u', regionCount: 100, regionSectors: 1024, outOfSync, heat, lastRegion: 3, lastMs: 600 };

const { text, tries } = workerData;

async function outcome(): Promise<unknown> {
  try {
    const policy = await loadPolicy({ path: '/etc/policy.mjs', text });
    return { answer: answerOf(policy, tries), bits: outOfSync.count };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
}

/** On a busy machine any call may be late. */
function answerOf(policy: UntrustedPolicy, left: number): unknown {
  try {
    return policy(mirror, { nowMs: 1000, minuteOfDay: 75 });
  } catch (error) {
    if (error instanceof LatePolicy && left > 1) return answerOf(policy, left - 1);
    throw error;
  }
}

parentPort?.postMessage(await outcome());
