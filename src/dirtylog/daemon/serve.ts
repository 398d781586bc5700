import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CN_IDX_DM } from '../../kernel/dm-log-userspace.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import { flushDevice, readDirect } from '../../system/block-io.ts';
import { connectorMembers } from '../../system/connector-socket.ts';
import { lockFile } from '../../system/file-lock.ts';
import { becomeIoFlusher } from '../../system/io-flusher.ts';
import type { LineAnswer } from '../../system/line-socket.ts';
import type { LogEvent } from '../ports.ts';
import { DEFAULT_RESYNC, type ResyncSettings, resyncPolicy } from '../resync.ts';
import { type ControlRequest, listenForControl } from './control.ts';
import { devicePath } from './device-store.ts';
import type { FromWorker } from './messages.ts';
import { findMirrors, type MirrorLine, stillThere } from './mirrors.ts';
import { ServerThread } from './server-thread.ts';
import { STATE_FOLDER, StateFolder } from './state-folder.ts';

/** A log whose table nobody has seen for so long is gone: its DTR was lost. A table that is being loaded is not yet seen. */
const FORGET_MS = 60_000;
const LOOK_EVERY_MS = 10_000;
const RESYNC_FILE = 'resync';

/** How to serve. */
export interface ServeOptions {
  readonly stateFolder?: string;
  readonly onEvent: (event: LogEvent) => void;
  /** Called once the kernel's requests are being read. */
  readonly onReady: () => void;
  /** Ends the server; its successor goes on. */
  readonly signal: AbortSignal;
}

/** Where commands find the server of a state folder. */
export function controlPath(stateFolder: string = STATE_FOLDER): string {
  return join(stateFolder, 'control');
}

/**
 * Serves the dirty logs of all mirrors of this machine until the signal fires.
 *
 * @throws UsageError when another server runs; SystemError EPERM without the rights; what ends the thread that serves
 */
export async function serveDirtyLogs({
  stateFolder = STATE_FOLDER,
  onEvent,
  onReady,
  signal,
}: ServeOptions): Promise<void> {
  const state = new StateFolder(stateFolder);
  using _lock = takeLock(state);
  refuseOthers();
  using dm = DeviceMapper.open();
  // Before there are other threads: they inherit it. Without the right to it memory may run short, and that is all.
  becomeIoFlusher();
  const lines = await findMirrors(dm);
  const daemon = new Daemon(dm, state, onEvent);
  await using thread = new ServerThread(
    { stateFolder: state.path, records: stillThere(state.records(), lines), resync: daemon.resync },
    daemon,
  );
  await thread.ready;
  await using _control = await listenForControl(controlPath(state.path), (request, answer) =>
    daemon.answer(thread, request, answer),
  );
  onReady();
  daemon.provoke(lines);
  const looking = setInterval(() => void daemon.forgetGone(thread), LOOK_EVERY_MS);
  try {
    await Promise.race([thread.ended, aborted(signal)]);
    if (!signal.aborted) throw new Error('the thread that serves the kernel has ended');
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

/** Every member of the group gets every request, and the first answer counts: two servers would undo each other. */
function refuseOthers(): void {
  const [other] = connectorMembers(readFileSync('/proc/net/netlink', 'utf8'), CN_IDX_DM);
  if (other === undefined) return;
  throw new UsageError(`process ${other} answers the kernel's dirty-log requests already (cmirrord?): stop it first`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What the server does beside answering the kernel. */
class Daemon {
  resync: ResyncSettings;
  readonly #dm: DeviceMapper;
  readonly #state: StateFolder;
  readonly #report: (event: LogEvent) => void;
  readonly #listeners = new Set<LineAnswer>();
  readonly #tracers = new Set<LineAnswer>();
  /** The legs of each mirror, for when it is removed: device-mapper does not name it any more when its log is suspended. */
  #legs = new Map<string, ReadonlySet<string>>();
  #changes = 0;
  readonly #poking = new Set<string>();
  /** Logs whose table is not seen, and since when. */
  readonly #missing = new Map<string, number>();

  constructor(dm: DeviceMapper, state: StateFolder, report: (event: LogEvent) => void) {
    this.#dm = dm;
    this.#state = state;
    this.#report = report;
    this.resync = keptSettings(state.kept(RESYNC_FILE));
  }

  onEvent(event: LogEvent): void {
    this.#report(event);
    for (const listener of this.#listeners) listener.send(plain(event));
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
        await readDirect(devicePath(`${number.major}:${number.minor}`));
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

  onDatagram({ from, ms, bytes }: Extract<FromWorker, { type: 'datagram' }>): void {
    const line = { ms: Math.round(ms * 1000) / 1000, from, bytes: Buffer.from(bytes).toString('base64') };
    for (const tracer of this.#tracers) tracer.send(line);
  }

  /**
   * Has the kernel ask something of a mirror that runs, so that the server sees a number, and asks for the requests that
   * its predecessor took with it.
   */
  provoke(lines: readonly MirrorLine[]): void {
    const line = lines.find(({ isLive }) => isLive);
    if (line === undefined) return;
    // What it says is of no interest, nor whether the device is still there.
    this.#dm.status(line.number, { noflush: true }).catch(() => {});
  }

  /** Forgets the logs whose tables are gone. */
  async forgetGone(thread: ServerThread): Promise<void> {
    const lines = await findMirrors(this.#dm);
    const { mirrors } = await thread.status();
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

  async answer(thread: ServerThread, request: ControlRequest, answer: LineAnswer): Promise<void> {
    switch (request.command) {
      case 'status': {
        const status = await thread.status();
        const lines = await findMirrors(this.#dm);
        const names = (uuid: string): string[] =>
          lines.filter((line) => line.isLive && line.uuid === uuid).map(({ name }) => name);
        const mirrors = status.mirrors.map((one) => ({ ...one, devices: names(one.uuid) }));
        answer.send({ ...status, mirrors, resync: this.resync });
        answer.end();
        return;
      }
      case 'resync': {
        const { bytesPerSecond = this.resync.bytesPerSecond, ...others } = request.change;
        const settings = { ...this.resync, ...others, bytesPerSecond: bytesPerSecond ?? undefined };
        resyncPolicy(settings);
        this.resync = settings;
        this.#state.keep(RESYNC_FILE, settings);
        thread.tell({ type: 'resync', settings });
        answer.send(settings);
        answer.end();
        return;
      }
      case 'events':
        this.#listeners.add(answer);
        answer.onLeave(() => this.#listeners.delete(answer));
        answer.send({ type: 'listening' });
        return;
      case 'trace':
        this.#tracers.add(answer);
        thread.tell({ type: 'trace', isOn: true });
        answer.onLeave(() => {
          this.#tracers.delete(answer);
          thread.tell({ type: 'trace', isOn: this.#tracers.size > 0 });
        });
        answer.send({ from: 'dmlogd', format: 1 });
        return;
      default:
        throw new UsageError('this server does not know the command: it is another version');
    }
  }
}

/** An event as JSON can say it. */
function plain(event: LogEvent): unknown {
  return 'luid' in event ? { ...event, luid: event.luid.toString() } : event;
}

/** What was set before, if it is all there and makes sense. */
function keptSettings(kept: unknown): ResyncSettings {
  if (typeof kept !== 'object' || kept === null) return DEFAULT_RESYNC;
  const settings: ResyncSettings = { ...DEFAULT_RESYNC, ...kept };
  try {
    resyncPolicy(settings);
  } catch {
    return DEFAULT_RESYNC;
  }
  return settings;
}
