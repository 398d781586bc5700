import { performance } from 'node:perf_hooks';
import type { AsyncWrites } from '../../system/async-writes.ts';
import type { ConnectorSocket } from '../../system/connector-socket.ts';
import { EventFd } from '../../system/event-fd.ts';
import { FdWatcher } from '../../system/libc.ts';
import { Poll } from '../../system/poll.ts';
import type { LogServer } from '../server.ts';
import type { Busy } from './busy.ts';
import type { Writers } from './device-store.ts';

/** Requests that are taken before writes that have ended and messages of the other thread get their turn. */
const BATCH = 64;
const TICK_MS = 1000;
/** How long requests may keep timers waiting: a turn of the event loop costs as much as one of them. */
const TURN_EVERY_MS = 100;
/** Places among the descriptors that are waited for: of the other thread's, and of the writes'. */
const WAKE = 1;
const WRITES = 2;
/** How long a server that is told to stop waits for what is being written. */
const STOP_MS = 2000;

/** One turn of the event loop: promises, ended I/O, messages and timers get theirs. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Reads and answers the kernel's requests until told to stop. It blocks in poll(2), which answers in half the time that a
 * wake-up of the event loop takes, and hears there of writes that have ended. While something is under way that only the
 * event loop hears of, it waits there.
 */
export class RequestLoop implements Disposable {
  readonly #socket: ConnectorSocket;
  readonly #server: LogServer;
  readonly #busy: Busy;
  readonly #writes: AsyncWrites | undefined;
  readonly #wakeFd: EventFd;
  readonly #poll: Poll;
  #wakeUp: (() => void) | undefined;
  #stopMs: number | undefined;
  /** Whether there may be something for the event loop to do. */
  #isTurnDue = true;
  #lastTurnMs = 0;

  constructor(socket: ConnectorSocket, server: LogServer, { writes, busy }: Writers, wakeFd: number) {
    this.#socket = socket;
    this.#server = server;
    this.#busy = busy;
    this.#writes = writes;
    this.#wakeFd = new EventFd(wakeFd);
    this.#poll = new Poll([socket.fd, wakeFd, ...(writes === undefined ? [] : [writes.fd])]);
    busy.onIdle = () => this.#wake();
  }

  stop(): void {
    this.#stopMs ??= performance.now() + STOP_MS;
    this.#wake();
  }

  #wake(): void {
    this.#wakeUp?.();
    this.#wakeUp = undefined;
  }

  /** @param handle takes a datagram of so many bytes in the server's buffer; whether that has begun nothing */
  async run(handle: (length: number) => boolean): Promise<void> {
    const fds = [this.#socket.fd, ...(this.#writes === undefined ? [] : [this.#writes.fd])];
    const watchers = fds.map((fd) => new FdWatcher(fd, () => this.#wake()));
    const ticker = setInterval(() => this.#server.tick(), TICK_MS);
    try {
      for (;;) {
        this.#receive(handle);
        if (this.#isTurnDue || performance.now() - this.#lastTurnMs > TURN_EVERY_MS) {
          await turn();
          this.#isTurnDue = false;
          this.#lastTurnMs = performance.now();
        }
        if (this.#stopMs !== undefined && (this.#isIdle || performance.now() > this.#stopMs)) return;
        if (this.#busy.isBusy) await this.#waitInLoop(watchers);
        else this.#block();
      }
    } finally {
      clearInterval(ticker);
      for (const watcher of watchers) watcher[Symbol.dispose]();
    }
  }

  get #isIdle(): boolean {
    return !this.#busy.isBusy && this.#writes?.isIdle !== false;
  }

  #receive(handle: (length: number) => boolean): void {
    const { bytes } = this.#server.incoming;
    for (let count = 0; count < BATCH; count++) {
      const length = this.#socket.receive(bytes);
      if (length === 0) return;
      if (!handle(length)) this.#isTurnDue = true;
    }
  }

  #block(): void {
    // Timers are late by at most their own interval: the tick needs no better.
    const isReady = this.#poll.wait(TICK_MS);
    if (isReady && this.#writes !== undefined && this.#poll.isReady(WRITES)) this.#writes.reap();
    if (isReady && !this.#poll.isReady(WAKE)) return;
    this.#wakeFd.clear();
    this.#isTurnDue = true;
  }

  async #waitInLoop(watchers: readonly FdWatcher[]): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      for (const watcher of watchers) watcher.resume();
      if (this.#stopMs !== undefined) setTimeout(() => this.#wake(), STOP_MS);
    });
    if (this.#writes?.isIdle === false) this.#writes.reap();
    this.#isTurnDue = true;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
