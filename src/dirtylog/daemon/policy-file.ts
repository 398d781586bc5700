/** The file of a resync policy: it runs with the server's rights, so it must be of somebody who has them. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { UsageError } from '../../mapper/errors.ts';
import { builtScript } from './places.ts';

/** A module as text, and the file that it was read from. */
export interface PolicySource {
  readonly path: string;
  readonly text: string;
}

/** Node's own modules in a separate world, in which there is nothing to wait for; without its word that this may change. */
export const POLICY_FLAGS = ['--experimental-vm-modules', '--no-warnings'];

const OTHERS_MAY_WRITE = 0o022;

/** What is looked at of a file. */
export interface FileFacts {
  readonly isFile: boolean;
  readonly uid: number;
  readonly mode: number;
}

/** Why a file is not run as a policy; undefined when it may be. */
export function policyFileFault({ isFile, uid, mode }: FileFacts, ownUid: number): string | undefined {
  if (!isFile) return 'it is no regular file';
  if (uid !== 0 && uid !== ownUid)
    return `it belongs to user ${uid}: it must belong to root, or to who runs the server`;
  if ((mode & OTHERS_MAY_WRITE) === 0) return undefined;
  return `others may write it, its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}: chmod go-w`;
}

/**
 * Reads a policy's file, and tries whether it can be loaded.
 *
 * @throws UsageError naming the file when it cannot be read, when others could have written it, or when it is no policy
 */
export async function readPolicy(path: string): Promise<PolicySource> {
  const source = { path, text: readTrusted(path) };
  const fault = await loadingFault(source);
  if (fault !== undefined) throw new UsageError(fault);
  return source;
}

/** The owner and mode looked at are those of what is read. */
function readTrusted(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new UsageError(
      `policy ${path}: it cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    const stat = fstatSync(fd);
    const facts = { isFile: stat.isFile(), uid: stat.uid, mode: stat.mode };
    const fault = policyFileFault(facts, process.geteuid?.() ?? 0);
    if (fault !== undefined) throw new UsageError(`policy ${path}: ${fault}`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** Loads it as the server's thread will, in a thread that ends then: before anything of a server is there. */
async function loadingFault(source: PolicySource): Promise<string | undefined> {
  const worker = new Worker(builtScript('dmlogd-policy'), {
    workerData: source,
    execArgv: [...POLICY_FLAGS],
  });
  return await new Promise((resolve, reject) => {
    worker.once('message', (fault: string | undefined) => resolve(fault));
    worker.once('error', reject);
    worker.once('exit', () => reject(new UsageError(`policy ${source.path}: it ended the thread that loaded it`)));
  });
}
