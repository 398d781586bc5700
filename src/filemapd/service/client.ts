/** A running service, as commands use it. */
import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import { factsOf } from '../../filemap/open-file.ts';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import { askByLine } from '../../system/line-socket.ts';
import { DEFAULT_ABSENCE_MS } from '../arguments.ts';
import { FollowedAlreadyError, isFollowedAlready } from '../run-options.ts';
import { type StartOptions, startFilemapd } from '../start.ts';
import { plainRequest, type ServiceRequest } from './protocol.ts';
import type { PatternRecord } from './records.ts';
import type { FileStatus, ServiceStatus } from './status.ts';

/** The folder of the machine's service: a memory file system that is empty after each start of the machine. */
export const SERVICE_FOLDER = '/run/dmfilemapd';

/** Where commands find the service of a folder. */
export function controlPath(folder: string): string {
  return join(folder, 'control');
}

/** Asks a service. @returns undefined when none runs @throws UsageError with its refusal */
async function ask(folder: string, request: ServiceRequest): Promise<unknown> {
  try {
    const refusal = (message: string): Error => {
      return isFollowedAlready(message) ? new FollowedAlreadyError(message) : new UsageError(message);
    };
    for await (const value of askByLine(controlPath(folder), plainRequest(request), refusal)) return value;
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    return undefined;
  }
  throw new UsageError('the dmfilemapd service ended before it answered');
}

/** @throws UsageError when no service runs, or when it says no */
async function askRunning(folder: string, request: ServiceRequest): Promise<unknown> {
  const answer = await ask(folder, request);
  if (answer !== undefined) return answer;
  throw new UsageError(
    `no dmfilemapd service runs: nobody listens on ${controlPath(folder)} (start "dmfilemapd service")`,
  );
}

/** How the service's files stand. @throws UsageError when no service runs */
export async function serviceStatus(folder: string): Promise<ServiceStatus> {
  // Both sides are of one package; another version's answer lacks names, never means others.
  return (await askRunning(folder, { command: 'status' })) as ServiceStatus;
}

/** Ends following a file or a pattern. @returns how many files @throws UsageError when it is not followed */
export async function releaseFromService(folder: string, word: string): Promise<number> {
  return ((await askRunning(folder, { command: 'release', word })) as { released: number }).released;
}

/** What a pattern means now. */
export interface PatternAnswer {
  readonly files: readonly FileStatus[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** Has the files of a pattern followed. @throws UsageError when no service runs, or when it says no */
export async function followPattern(pattern: PatternRecord, folder = SERVICE_FOLDER): Promise<PatternAnswer> {
  return (await askRunning(folder, { command: 'pattern', pattern })) as PatternAnswer;
}

/**
 * Has a file followed by the service when it runs, else by a daemon of its own; it is followed when this resolves.
 *
 * @throws UsageError with the reason; FollowedAlreadyError when another daemon follows the group
 */
export async function followFilemap(options: StartOptions, folder = SERVICE_FOLDER): Promise<void> {
  const {
    fd,
    groupId,
    path,
    mode,
    absenceMs = DEFAULT_ABSENCE_MS,
    lookAhead = true,
    foreground = false,
    maxRegions,
    level,
    preallocate,
  } = options;
  if (!foreground) {
    const { device: home, inode } = factsOf(fstatSync(fd, { bigint: true }));
    const { device = home } = options;
    const file = { path, device, home, inode, groupId, mode, absenceMs, lookAhead, maxRegions, level, preallocate };
    if ((await ask(folder, { command: 'follow', file })) !== undefined) return;
  }
  await startFilemapd(options);
}
