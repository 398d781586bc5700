/** The service on a real machine. */
import { closeSync, mkdirSync, open, openSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileOfDescriptor } from '../../filemap/open-file.ts';
import { IN } from '../../kernel/inotify.ts';
import { openControlNode } from '../../mapper/control-node.ts';
import { UsageError } from '../../mapper/errors.ts';
import { possibleCpus } from '../../stats/memory.ts';
import { groupTagForm } from '../../stats/tag-form.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import { lockFile } from '../../system/file-lock.ts';
import { openKernelLog } from '../../system/kernel-log.ts';
import { listenForLines } from '../../system/line-socket.ts';
import { claimGroup } from '../claim.ts';
import { type FollowSources, followFile } from '../follow-file.ts';
import { DEBOUNCE_MS } from '../monitor.ts';
import { NoticeHub } from '../notice-hub.ts';
import type { Log } from '../run-options.ts';
import { WriteCounters } from '../write-counters.ts';
import { controlPath } from './client.ts';
import { POOL_BYTES } from './look-ahead-pool.ts';
import { answerRequest } from './protocol.ts';
import { FilemapService } from './service.ts';
import { SharedMapper } from './shared-mapper.ts';
import { stateFile } from './state-file.ts';
import type { OpenedFile, ServiceWorld } from './world.ts';

/** One reading of a device's counter serves all files that look within so many milliseconds. */
const COUNTER_FRESH_MS = 5;
/** For so many milliseconds the C tools of the machine are taken for the same. */
const REMEMBERED_MS = 60_000;
/** How long readiness waits for the files of the service before, when a device hangs; milliseconds. */
const RESTORE_MS = 10_000;
/** systemd's first descriptor, see sd_listen_fds(3). */
const FIRST_PASSED_FD = 3;

/** How to serve. */
export interface ServeOptions {
  /** Where the socket, the lock and the list of files are. */
  readonly folder: string;
  readonly log: Log;
  /** Called once commands are answered and the files of the service before are followed. */
  readonly onReady: () => void;
  /** Ends the service; the groups stay. */
  readonly signal: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** Kernel memory for the look-ahead regions of all files; default `POOL_BYTES`. */
  readonly lookAheadBytes?: number;
}

/**
 * Follows files until the signal fires.
 *
 * @returns the devices that hang, as `MAJOR:MINOR`: threads that wait for them keep the process from ending
 * @throws UsageError when another service runs there, or when what it left cannot be read; DmError without device-mapper
 */
export async function serveFilemaps(options: ServeOptions): Promise<readonly string[]> {
  const { folder, signal, environment = process.env } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  using _lock = takeLock(folder);
  using dm = new SharedMapper(openControlNode(), () => performance.now(), { kernelLog: openKernelLog });
  using notices = new NoticeHub(debounced(systemClock, () => notices.take()));
  const writes = new WriteCounters(COUNTER_FRESH_MS);
  await using service = new FilemapService(realWorld(options, dm, { notices, writes }));
  const restored = service.restore();
  const where = passedSocket(environment) ?? { path: controlPath(folder) };
  await using _control = await listenForLines(where, (question, answer) => answerRequest(service, question, answer));
  const patience = new AbortController();
  await Promise.race([restored, systemClock.sleep(RESTORE_MS, patience.signal)]);
  patience.abort();
  options.onReady();
  await aborted(signal);
  return service.stuck.map(({ number: { major, minor } }) => `${major}:${minor}`);
}

function takeLock(folder: string): Disposable {
  const path = join(folder, 'lock');
  const fd = openSync(path, 'a', 0o600);
  if (lockFile(fd)) return { [Symbol.dispose]: () => closeSync(fd) };
  closeSync(fd);
  throw new UsageError(`a dmfilemapd service runs already: ${path} is locked`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The socket that systemd has opened for this process, if there is one. */
export function passedSocket(environment: NodeJS.ProcessEnv, pid = process.pid): { readonly fd: number } | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  return LISTEN_PID === `${pid}` && Number(LISTEN_FDS) >= 1 ? { fd: FIRST_PASSED_FD } : undefined;
}

/** A storm of notices costs one wake-up in `DEBOUNCE_MS`: they gather in the kernel until they are taken. */
function debounced(clock: Clock, action: () => void): () => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  const run = (): void => {
    lastAt = clock.now();
    action();
  };
  return () => {
    const rest = lastAt + DEBOUNCE_MS - clock.now();
    if (rest <= 0) run();
    else void clock.sleep(rest).then(run);
  };
}

/** What was found out stays so for a minute: a pattern may have a thousand files. */
function remembered<T>(clock: Clock, find: () => T): () => T {
  let found: { readonly value: T; readonly at: number } | undefined;
  return () => {
    if (found === undefined || clock.now() - found.at > REMEMBERED_MS) found = { value: find(), at: clock.now() };
    return found.value;
  };
}

const openAsync = promisify(open);

function realWorld(
  { folder, log, lookAheadBytes }: ServeOptions,
  dm: SharedMapper,
  sources: FollowSources,
): ServiceWorld {
  return {
    dm,
    clock: systemClock,
    timeOfDay: Date.now,
    store: stateFile(join(folder, 'files.json')),
    writes: sources.writes,
    // On another thread: a folder that must be read from a device that hangs.
    open: async (path) => openedFile(await openAsync(path, 'r'), path, sources),
    realPath: realpath,
    names: (path) => readdir(path),
    async watchFolder(path, onChange) {
      const fd = await openAsync(path, 'r');
      try {
        const mask = IN.CREATE | IN.MOVED_TO | IN.MOVE_SELF | IN.DELETE_SELF;
        return sources.notices.watch(`/proc/self/fd/${fd}`, mask, onChange);
      } finally {
        closeSync(fd);
      }
    },
    claim: claimGroup,
    tagForm: remembered(systemClock, groupTagForm),
    cpus: possibleCpus(),
    word: `${process.pid}-${Date.now().toString(36)}`,
    lookAheadBytes: lookAheadBytes ?? POOL_BYTES,
    log,
  };
}

function openedFile(fd: number, path: string, sources: FollowSources): OpenedFile {
  let isOurs = true;
  return {
    view: fileOfDescriptor(fd),
    follow(listener) {
      const followed = followFile(fd, path, listener, sources);
      isOurs = false;
      return followed;
    },
    [Symbol.dispose]() {
      if (isOurs) closeSync(fd);
      isOurs = false;
    },
  };
}
