/** Explores in a thread of its own: the test runner's hooks make a promise ten times as dear. */
import { parentPort, workerData } from 'node:worker_threads';
import { explore } from './explore.ts';

const { firstSeed, count } = workerData as { readonly firstSeed: number; readonly count: number };
parentPort?.postMessage(await explore(firstSeed, count));
