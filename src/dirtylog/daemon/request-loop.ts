import { performance } from 'node:perf_hooks';
import type { ConnectorSocket } from '../../system/connector-socket.ts';
import { EventFd } from '../../system/event-fd.ts';
import { FdWatcher } from '../../system/libc.ts';
import { Poll } from '../../system/poll.ts';
import type { LogServer } from '../server.ts';

/** Requests that are taken before writes that have ended and messages of the other thread get their turn. */
const BATCH = 64;
const TICK_MS = 1000;
/** How long requests that are answered at once may keep the event loop waiting: its turn costs as much as one of them. */
const TURN_EVERY_MS = 10;
/** The place of the other thread's descriptor among those that are waited for. */
const WAKE = 1;
/** How long a server that is told to stop waits for what is being written. */
const STOP_MS = 2000;

/** Work that the server has begun and that ends by itself, on other threads. */
export class Busy {
  #count = 0;
  onIdle: () => void = () => {};

  get isBusy(): boolean {
    return this.#count > 0;
  }

  /** Counts a promise as work until it settles. */
  async of<T>(work: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work;
    } finally {
      this.#count--;
      if (this.#count === 0) this.onIdle();
    }
  }
}

/** One turn of the event loop: promises, ended I/O, messages and timers get theirs. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Reads and answers the kernel's requests until told to stop. While nothing is being written it blocks in poll(2), which
 * answers in half the time that a wake-up of the event loop takes; while something is, it waits in the event loop, so that
 * the end of a write is answered too, and a disk that hangs keeps no other mirror waiting.
 */
export class RequestLoop implements Disposable {
  readonly #socket: ConnectorSocket;
  readonly #server: LogServer;
  readonly #busy: Busy;
  readonly #wakeFd: EventFd;
  readonly #poll: Poll;
  #wakeUp: (() => void) | undefined;
  #stopMs: number | undefined;
  /** Whether there may be something for the event loop to do. */
  #isTurnDue = true;
  #lastTurnMs = 0;

  constructor(socket: ConnectorSocket, server: LogServer, busy: Busy, wakeFd: number) {
    this.#socket = socket;
    this.#server = server;
    this.#busy = busy;
    this.#wakeFd = new EventFd(wakeFd);
    this.#poll = new Poll([socket.fd, wakeFd]);
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
    using watcher = new FdWatcher(this.#socket.fd, () => this.#wake());
    const ticker = setInterval(() => this.#server.tick(), TICK_MS);
    try {
      for (;;) {
        this.#receive(handle);
        if (this.#isTurnDue || performance.now() - this.#lastTurnMs > TURN_EVERY_MS) {
          await turn();
          this.#isTurnDue = false;
          this.#lastTurnMs = performance.now();
        }
        if (this.#stopMs !== undefined && (!this.#busy.isBusy || performance.now() > this.#stopMs)) return;
        if (this.#busy.isBusy) await this.#waitInLoop(watcher);
        else this.#block();
      }
    } finally {
      clearInterval(ticker);
    }
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
    if (isReady && !this.#poll.isReady(WAKE)) return;
    this.#wakeFd.clear();
    this.#isTurnDue = true;
  }

  async #waitInLoop(watcher: FdWatcher): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      watcher.resume();
      if (this.#stopMs !== undefined) setTimeout(() => this.#wake(), STOP_MS);
    });
    this.#isTurnDue = true;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
