import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keyOf } from '../devices/table-uses.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DeviceMapper } from '../mapper/device-mapper.ts';
import { UsageError } from '../mapper/errors.ts';
import { possibleCpus } from '../stats/memory.ts';
import { systemClock } from '../system/clock.ts';
import { tellKernelLog } from '../system/kernel-log.ts';
import { sdNotify } from '../system/sd-notify.ts';
import { standardOutput } from '../system/standard-output.ts';
import { startAnswer } from '../system/start-answer.ts';
import { DEFAULT_ABSENCE_MS, type FilemapdMode } from './arguments.ts';
import { claimGroup } from './claim.ts';
import { followFile } from './follow-file.ts';
import { runFilemapd } from './run.ts';
import { FollowedAlreadyError, isFollowedAlready, type Log } from './run-options.ts';

/** What a daemon follows and how. */
export interface StartOptions {
  /** A descriptor of the file, open for reading. In the foreground it is closed when the daemon has its own. */
  readonly fd: number;
  readonly groupId: number;
  /** The file's absolute path. */
  readonly path: string;
  readonly mode: FilemapdMode;
  /** Run here until the end; else a process of its own is started. */
  readonly foreground?: boolean;
  /** 0 to 3; see dmfilemapd(8). */
  readonly verbose?: number;
  /** How long the path may name nothing in path mode; milliseconds. */
  readonly absenceMs?: number;
  /** Count growth from its first I/O on, by regions over free space; default true. */
  readonly lookAhead?: boolean;
  /** See `UpdateOptions.maxRegions`. */
  readonly maxRegions?: number | undefined;
  /** The device that has the group; default: it is looked for. */
  readonly device?: DeviceNumber | undefined;
  /** See `FilemapdRun.level`. */
  readonly level?: DeviceNumber | undefined;
  /** Bytes to keep reserved past the file's end; default: nothing. */
  readonly preallocate?: bigint | undefined;
  /** Foreground only: ends the daemon cleanly. */
  readonly signal?: AbortSignal;
}

/** A daemon that follows its file. */
export interface StartedFilemapd {
  readonly pid: number;
}

// The child gets the file and the channel for its answer at fixed places.
const CHILD_FILE_FD = 3;
const CHILD_READY_FD = 4;

function daemonScript(): string {
  // Beside the bundled commands, or from this module in dist/src/filemapd.
  for (const place of ['./dmfilemapd.cjs', '../../bin/dmfilemapd.cjs']) {
    const script = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(script)) return script;
  }
  throw new Error('dmfilemapd is not where the package was built: run "npm run build"');
}

/**
 * Starts dmfilemapd for a file and its group, as `dm_stats_start_filemapd()` of libdevmapper; the answer comes when the
 * daemon is following (its group found, its regions true, the file watched) or, in the foreground, when it has ended.
 *
 * @returns the daemon's process
 * @throws UsageError with the daemon's reason when it does not get there; FollowedAlreadyError when another daemon
 *   follows the group
 */
export async function startFilemapd(options: StartOptions): Promise<StartedFilemapd> {
  const { fd, groupId, path, mode, foreground = false, verbose = 0, absenceMs = DEFAULT_ABSENCE_MS } = options;
  const { lookAhead = true } = options;
  if (foreground) {
    const end = await runHere({ ...options, readyFd: undefined });
    if (end.status !== 0) throw new UsageError(end.message);
    return { pid: process.pid };
  }
  checkDescriptor(fd);
  const words = [CHILD_FILE_FD, groupId, path, mode, 1, verbose].map(String);
  const own = [`--ready-fd=${CHILD_READY_FD}`, `--absence=${absenceMs / 1000}`];
  if (!lookAhead) own.push('--no-look-ahead');
  if (options.maxRegions !== undefined) own.push(`--max-regions=${options.maxRegions}`);
  if (options.level !== undefined) own.push(`--level=${keyOf(options.level)}`);
  if (options.device !== undefined) own.push(`--device=${keyOf(options.device)}`);
  if (options.preallocate !== undefined) own.push(`--preallocate=${options.preallocate}b`);
  const output = verbose === 0 ? 'ignore' : 'inherit';
  // A leak in the daemon must end the daemon, not the machine; it needs no compiler threads, and no collector that wakes
  // an idle process every eight seconds.
  const flags = ['--max-old-space-size=96', '--v8-pool-size=0', '--no-memory-reducer'];
  const { NODE_EXTRA_CA_CERTS: _, NOTIFY_SOCKET: __, ...env } = process.env;
  const child = spawn(process.execPath, [...flags, daemonScript(), ...words, ...own], {
    detached: true,
    cwd: '/',
    env,
    stdio: ['ignore', output, output, fd, 'pipe'],
  });
  const answer = await startAnswer(child, CHILD_READY_FD).catch((error: Error) => {
    throw new UsageError(`Cannot start dmfilemapd: ${error.message}`);
  });
  child.unref();
  if (isFollowedAlready(answer.trim())) throw new FollowedAlreadyError(answer.trim());
  if (answer !== 'ready\n') throw new UsageError(answer.trim() || 'dmfilemapd ended before it followed the file');
  return { pid: child.pid as number };
}

function checkDescriptor(fd: number): void {
  let isRegular: boolean;
  try {
    isRegular = fstatSync(fd).isFile();
  } catch {
    throw new UsageError(
      `fstat failed for fd ${fd}: no open file; open it for the daemon, as in "dmfilemapd ${fd} … ${fd}< FILE"`,
    );
  }
  if (!isRegular) throw new UsageError(`Cannot map file: what is open as fd ${fd} is not a regular file`);
}

/** Runs the daemon in this process until it ends. */
export async function runHere(
  options: StartOptions & { readonly readyFd: number | undefined },
): Promise<{ readonly status: 0 | 1; readonly message: string }> {
  const { fd, groupId, path, mode, verbose = 0, absenceMs = DEFAULT_ABSENCE_MS, readyFd } = options;
  const { lookAhead = true } = options;
  const log: Log = (level, text) => {
    // What stays behind must be found by somebody.
    if (level === 0 && verbose === 0) tellKernelLog(`dmfilemapd[${process.pid}]: ${path}: ${text}`);
    if (verbose === 0 || level > verbose) return;
    (level === 0 ? process.stderr : standardOutput).write(`${text}\n`);
  };
  const answer = (text: string): void => {
    if (readyFd === undefined) return;
    writeSync(readyFd, text);
    closeSync(readyFd);
  };
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  let isFollowing = false;
  try {
    checkDescriptor(fd);
    using dm = DeviceMapper.open();
    log(1, `Starting dmfilemapd with fd=${fd}, group_id=${groupId} mode=${mode}, path=${path}`);
    const end = await runFilemapd({
      dm,
      follow: (onNotice) => followFile(fd, path, { onNotice }),
      clock: systemClock,
      groupId,
      mode,
      path,
      device: options.device,
      absenceMs,
      maxRegions: options.maxRegions,
      level: options.level,
      preallocate: options.preallocate,
      log,
      lookAhead: lookAhead ? { cpus: possibleCpus(), word: `${process.pid}-${Date.now().toString(36)}` } : undefined,
      claim: claimGroup,
      signal: options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]),
      onFollowing: (now) => {
        isFollowing = true;
        log(1, `Following ${path} as group ID ${now}`);
        answer('ready\n');
        sdNotify('READY=1', process.env['NOTIFY_SOCKET']);
      },
    });
    if (isFollowing) sdNotify('STOPPING=1', process.env['NOTIFY_SOCKET']);
    else answer(`${end.message}\n`);
    return end;
  } catch (error) {
    if (!isFollowing) answer(`${error instanceof Error ? error.message : String(error)}\n`);
    throw error;
  } finally {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  }
}
