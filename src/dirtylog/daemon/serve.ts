import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CN_IDX_DM } from '../../kernel/dm-log-userspace.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import { flushDevice } from '../../system/block-io.ts';
import { ConnectorSocket, connectorMembers } from '../../system/connector-socket.ts';
import { lockFile } from '../../system/file-lock.ts';
import { becomeIoFlusher } from '../../system/io-flusher.ts';
import type { LogEvent } from '../ports.ts';
import { controlPath, listenForControl } from './control.ts';
import { Desk } from './desk.ts';
import { devicePath } from './device-store.ts';
import type { FromWorker } from './messages.ts';
import { findMirrors, type MirrorLine, stillThere } from './mirrors.ts';
import { readPolicy } from './policy-file.ts';
import { ServerThread } from './server-thread.ts';
import { keepSocket, takeKeptSocket } from './socket-keeper.ts';
import { STATE_FOLDER, StateFolder } from './state-folder.ts';

/** A log whose table nobody has seen for so long is gone: its DTR was lost. A table that is being loaded is not yet seen. */
const FORGET_MS = 60_000;
const LOOK_EVERY_MS = 10_000;

/** How to serve. */
export interface ServeOptions {
  readonly stateFolder?: string;
  /** The file of a module whose default export is the `ResyncPolicy` of the order `default`. */
  readonly policyFile?: string | undefined;
  readonly onEvent: (event: LogEvent) => void;
  /** Called once the kernel's requests are being read. */
  readonly onReady: () => void;
  /** Ends the server; its successor goes on. */
  readonly signal: AbortSignal;
}

/**
 * Serves the dirty logs of all mirrors of this machine until the signal fires.
 *
 * @throws UsageError when another server runs, or for a policy that cannot be loaded; SystemError EPERM without the rights; what ends the thread that serves
 */
export async function serveDirtyLogs({
  stateFolder = STATE_FOLDER,
  policyFile,
  onEvent,
  onReady,
  signal,
}: ServeOptions): Promise<void> {
  // Before there is anything that a server leaves behind.
  const policy = policyFile === undefined ? undefined : await readPolicy(policyFile);
  const state = new StateFolder(stateFolder);
  using _lock = takeLock(state);
  using dm = DeviceMapper.open();
  // Before there are other threads: they inherit it. Without the right to it memory may run short, and that is all.
  becomeIoFlusher();
  const { socketFd, letGo } = await openSocket();
  const records = stillThere(state.records(), await findMirrors(dm));
  const daemon = new Daemon(dm, state, policy?.path, onEvent);
  await using thread = new ServerThread(
    { socketFd, stateFolder: state.path, records, resync: daemon.desk.resync, policy },
    daemon,
  );
  await thread.ready;
  await using _control = await listenForControl(controlPath(state.path), (request, answer) =>
    daemon.desk.answer(thread, request, answer),
  );
  onReady();
  const looking = setInterval(() => void daemon.forgetGone(thread), LOOK_EVERY_MS);
  try {
    await Promise.race([thread.ended, aborted(signal)]);
    if (!signal.aborted) throw new Error('the thread that serves the kernel has ended');
    // Without logs nobody has to wait for a successor, and who asks is to hear at once that there is no server.
    if (state.records().length === 0) letGo();
  } finally {
    clearInterval(looking);
  }
}

function takeLock(state: StateFolder): Disposable {
  const fd = openSync(join(state.path, 'lock'), 'a', 0o600);
  if (!lockFile(fd)) {
    closeSync(fd);
    throw new UsageError(`dmlogd runs already: ${join(state.path, 'lock')} is locked`);
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * The socket that a dead server has left, or one of our own; kept for the next server.
 *
 * @throws UsageError when another server runs: every member of the group gets every request, and the first answer counts,
 *   so two would undo each other
 */
async function openSocket(): Promise<{ readonly socketFd: number; readonly letGo: () => void }> {
  const members = connectorMembers(readFileSync('/proc/net/netlink', 'utf8'), CN_IDX_DM);
  const kept = await takeKeptSocket(members);
  const other = members.find(({ inode }) => inode !== kept?.inode);
  if (other !== undefined) {
    throw new UsageError(
      `process ${other.port} answers the kernel's dirty-log requests already (cmirrord?): stop it first`,
    );
  }
  const socketFd = kept?.fd ?? ConnectorSocket.open(CN_IDX_DM).fd;
  const { letGo } = keepSocket(socketFd);
  kept?.dismiss();
  return { socketFd, letGo };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What the server does beside answering the kernel. */
class Daemon {
  readonly desk: Desk;
  readonly #dm: DeviceMapper;
  readonly #state: StateFolder;
  readonly #report: (event: LogEvent) => void;
  /** The legs of each mirror, for when it is removed: device-mapper does not name it any more when its log is suspended. */
  #legs = new Map<string, ReadonlySet<string>>();
  #changes = 0;
  readonly #poking = new Set<string>();
  /** Logs whose table is not seen, and since when. */
  readonly #missing = new Map<string, number>();

  constructor(dm: DeviceMapper, state: StateFolder, policyPath: string | undefined, report: (event: LogEvent) => void) {
    this.#dm = dm;
    this.#state = state;
    this.#report = report;
    this.desk = new Desk(dm, state, policyPath);
  }

  onEvent(event: LogEvent): void {
    this.#report(event);
    this.desk.onEvent(event);
  }

  /** Learns the legs anew. What was known before a change may be wrong after it. */
  async onLogsChanged(): Promise<void> {
    const change = ++this.#changes;
    this.#legs = new Map();
    const lines = await findMirrors(this.#dm).catch(() => []);
    if (change !== this.#changes) return;
    for (const { uuid, legs } of lines) {
      this.#legs.set(uuid, new Set([...(this.#legs.get(uuid) ?? []), ...legs]));
    }
  }

  /** One at a time for each mirror: the read waits in the kernel until the server has answered its questions. */
  onPoke(uuid: string): void {
    if (this.#poking.has(uuid)) return;
    this.#poking.add(uuid);
    void this.#poke(uuid).finally(() => this.#poking.delete(uuid));
  }

  async #poke(uuid: string): Promise<void> {
    try {
      for (const { number } of await this.#liveLines(uuid))
        await readElsewhere(devicePath(`${number.major}:${number.minor}`));
    } catch {
      // The mirror may be gone or suspended by now, or its leg broken: others will tell; the next tick tries again.
    }
  }

  async #liveLines(uuid: string): Promise<MirrorLine[]> {
    return (await findMirrors(this.#dm)).filter((line) => line.isLive && line.uuid === uuid);
  }

  /** Of the live table and of one that is about to replace it: what was written before may be in the caches of either. */
  async syncLegs(uuid: string): Promise<void> {
    const lines = (await findMirrors(this.#dm)).filter((line) => line.uuid === uuid);
    const legs = lines.length === 0 ? this.#legs.get(uuid) : new Set(lines.flatMap((line) => line.legs));
    if (legs === undefined) throw new Error('no mapped device has a mirror with this log');
    await Promise.all(Array.from(legs, (leg) => flushDevice(devicePath(leg))));
  }

  onDatagram(datagram: Extract<FromWorker, { type: 'datagram' }>): void {
    this.desk.onDatagram(datagram);
  }

  /** Forgets the logs whose tables are gone. */
  async forgetGone(thread: ServerThread): Promise<void> {
    const lines = await findMirrors(this.#dm);
    const { mirrors } = (await thread.ask({ kind: 'status' })).status;
    const there = new Set(lines.map(({ uuid, words }) => `${uuid} ${words}`));
    const now = performance.now();
    const missing = mirrors.flatMap(({ uuid, tables }) =>
      tables.filter(({ words }) => !there.has(`${uuid} ${words}`)).map(({ luid }) => ({ uuid, luid })),
    );
    const keys = new Set(missing.map(({ uuid, luid }) => `${uuid} ${luid}`));
    for (const key of this.#missing.keys()) if (!keys.has(key)) this.#missing.delete(key);
    for (const { uuid, luid } of missing) {
      const key = `${uuid} ${luid}`;
      const since = this.#missing.get(key) ?? now;
      this.#missing.set(key, since);
      if (now - since >= FORGET_MS) thread.tell({ type: 'forget', uuid, luid });
    }
    if (missing.length === 0) this.#state.keepOnlyBits(mirrors.map(({ uuid, log }) => ({ uuid, label: log })));
  }
}

/**
 * Reads a mirror in another process. The read waits for this server; were it a thread of its own, a server that is
 * killed could not end before its successor answers, which cannot begin before it has ended.
 */
function readElsewhere(path: string): Promise<void> {
  const child = spawn('dd', [`if=${path}`, 'of=/dev/null', 'bs=4096', 'count=1', 'iflag=direct'], { stdio: 'ignore' });
  child.unref();
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => resolve());
  });
}
