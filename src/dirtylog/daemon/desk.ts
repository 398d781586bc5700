/** What the control socket is asked, answered. */
import { UsageError } from '../../mapper/errors.ts';
import type { LineAnswer } from '../../system/line-socket.ts';
import type { LogEvent } from '../ports.ts';
import type { ResyncSettings } from '../resync.ts';
import { changeBook, type ResyncBook, readBook } from '../resync-book.ts';
import type { ControlRequest } from './control.ts';
import type { FromWorker, MirrorStatus, ToWorker } from './messages.ts';
import { findMirrors, type TableSource } from './mirrors.ts';
import type { ServerThread } from './server-thread.ts';
import type { StateFolder } from './state-folder.ts';

const RESYNC_FILE = 'resync';

/** What of the thread that serves is needed. */
export type AskedThread = Pick<ServerThread, 'ask' | 'tell'>;

/** Knows what the operator has set, and who listens to events and datagrams. */
export class Desk {
  readonly #dm: TableSource;
  readonly #state: Pick<StateFolder, 'keep' | 'kept'>;
  readonly #listeners = new Set<LineAnswer>();
  readonly #tracers = new Set<LineAnswer>();
  readonly #events: Partial<Record<LogEvent['type'], number>> = {};
  readonly #policyPath: string | undefined;
  #book: ResyncBook;

  /** @param policyPath the file of the operator's policy, if the server was started with one */
  constructor(dm: TableSource, state: Pick<StateFolder, 'keep' | 'kept'>, policyPath?: string) {
    this.#dm = dm;
    this.#state = state;
    this.#policyPath = policyPath;
    this.#book = readBook(state.kept(RESYNC_FILE));
  }

  /** What is set for the resync of all mirrors and of single ones. */
  get resync(): ResyncBook {
    return this.#book;
  }

  onEvent(event: LogEvent): void {
    this.#events[event.type] = (this.#events[event.type] ?? 0) + 1;
    for (const listener of this.#listeners) listener.send(plain(event));
  }

  onDatagram({ from, ms, bytes }: Extract<FromWorker, { type: 'datagram' }>): void {
    const line = { ms: Math.round(ms * 1000) / 1000, from, bytes: Buffer.from(bytes).toString('base64') };
    for (const tracer of this.#tracers) tracer.send(line);
  }

  async answer(thread: AskedThread, request: ControlRequest, answer: LineAnswer): Promise<void> {
    switch (request.command) {
      case 'status': {
        const { status } = await thread.ask({ kind: 'status' });
        const mirrors = await this.#named(status.mirrors, undefined);
        return last(answer, {
          ...status,
          mirrors,
          resync: this.#book,
          policy: this.#policyPath,
          events: this.#events,
        });
      }
      case 'heat': {
        const { mirrors } = await thread.ask({ kind: 'heat' });
        return last(answer, await this.#named(mirrors, request.mirror));
      }
      case 'epoch':
        return last(answer, (await thread.ask({ kind: 'epoch' })).epoch);
      case 'changed': {
        // It is JSON from elsewhere, and the thread that serves must not stumble over it.
        if (typeof request.since !== 'string') throw new UsageError('changed: since which epoch?');
        const { mirrors } = await thread.ask({ kind: 'changed', since: request.since });
        return last(answer, await this.#named(mirrors, request.mirror));
      }
      case 'resync':
        return last(answer, await this.#setResync(thread, request));
      case 'events':
        this.#listeners.add(answer);
        answer.onLeave(() => this.#listeners.delete(answer));
        answer.send({ type: 'listening' });
        return;
      case 'trace':
        this.#trace((message) => thread.tell(message), answer);
        return;
      default:
        throw new UsageError('this server does not know the command: it is another version');
    }
  }

  async #setResync(thread: AskedThread, request: Extract<ControlRequest, { command: 'resync' }>): Promise<ResyncBook> {
    let uuid: string | undefined;
    if (request.mirror !== undefined) {
      const { status } = await thread.ask({ kind: 'status' });
      const [mirror] = await this.#named(status.mirrors, request.mirror);
      if (mirror !== undefined) refuseMissing(request.change?.first, mirror);
      uuid = mirror?.uuid;
    }
    this.#book = changeBook(this.#book, uuid, request.change);
    this.#state.keep(RESYNC_FILE, this.#book);
    thread.tell({ type: 'resync', book: this.#book });
    return this.#book;
  }

  #trace(tell: (message: ToWorker) => void, answer: LineAnswer): void {
    this.#tracers.add(answer);
    tell({ type: 'trace', isOn: true });
    answer.onLeave(() => {
      this.#tracers.delete(answer);
      tell({ type: 'trace', isOn: this.#tracers.size > 0 });
    });
    answer.send({ from: 'dmlogd', format: 1 });
  }

  /**
   * Mirrors with the mapped devices that have them.
   *
   * @param wanted the uuid of one log or the name of one device; undefined for all
   * @throws UsageError when there is none
   */
  async #named<Mirror extends { readonly uuid: string }>(
    mirrors: readonly Mirror[],
    wanted: string | undefined,
  ): Promise<readonly (Mirror & { readonly devices: readonly string[] })[]> {
    const lines = (await findMirrors(this.#dm)).filter(({ isLive }) => isLive);
    const named = mirrors.map((mirror) => ({
      ...mirror,
      devices: lines.filter(({ uuid }) => uuid === mirror.uuid).map(({ name }) => name),
    }));
    if (wanted === undefined) return named;
    const found = named.filter(({ uuid, devices }) => uuid === wanted || devices.includes(wanted));
    if (found.length > 0) return found;
    const known = named.flatMap(({ uuid, devices }) => [uuid, ...devices]);
    throw new UsageError(
      `there is no mirror "${wanted}": ${known.length === 0 ? 'there are none' : `one of ${known.join(', ')}`}`,
    );
  }
}

/** @throws UsageError for a range that ends beyond the mirror, whose regions are known once its log is loaded */
function refuseMissing(ranges: ResyncSettings['first'] | undefined, { uuid, regions }: MirrorStatus): void {
  const beyond = regions === 0 ? undefined : ranges?.find((range) => range.last >= regions);
  if (beyond === undefined) return;
  throw new UsageError(`there is no region ${beyond.last} in ${uuid}: it has regions 0 to ${regions - 1}`);
}

function last(answer: LineAnswer, value: unknown): void {
  answer.send(value);
  answer.end();
}

/** An event as JSON can say it. */
function plain(event: LogEvent): unknown {
  return 'luid' in event ? { ...event, luid: event.luid.toString() } : event;
}
