/** A thread that loads a policy and says what is wrong with it, if anything is. */
import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../../mapper/errors.ts';
import { loadPolicy } from './policy-sandbox.ts';

loadPolicy(workerData).then(
  () => parentPort?.postMessage(undefined),
  (error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    parentPort?.postMessage(error.message);
  },
);
