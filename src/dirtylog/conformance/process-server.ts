import { type ChildProcess, spawn } from 'node:child_process';
import { NlMsgHdr } from '../../kernel/dm-log-userspace.ts';
import { UsageError } from '../../mapper/errors.ts';
import { decodeReply } from '../protocol/kernel-side.ts';
import type { ConformanceTransport } from './kernel.ts';

/** How long a server may take to answer; one that does not is waited for this long. */
const ANSWER_MS = 1000;
/** How long a second answer is waited for, which there must not be. */
const SETTLE_MS = 2;
/** Netlink messages begin at multiples of it: `NLMSG_ALIGNTO`. */
const ALIGN = 4;

/**
 * Any server as a process: it reads the kernel's datagrams from its standard input and writes its own to its standard
 * output, each with its netlink header, which says how long it is, padded to four bytes.
 */
export class ProcessServer implements ConformanceTransport, AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #failure: string | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #sent: Uint8Array[] = [];
  #wake: () => void = () => {};

  /** @param command the program and its words */
  constructor([program = '', ...words]: readonly string[]) {
    this.#child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#fail(`cannot be started: ${error.message}`)));
      this.#child.once('exit', (code, signal) => resolve(this.#fail(`has ended, ${signal ?? `status ${code}`}`)));
    });
    // That it reads no more shows in its answers, or in its end.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #fail(reason: string): void {
    this.#failure ??= `the server ${reason}`;
    this.#wake();
  }

  #take(chunk: Uint8Array): void {
    let bytes = new Uint8Array(Buffer.concat([this.#rest, chunk]));
    while (bytes.length >= NlMsgHdr.size) {
      const { length } = NlMsgHdr.at(bytes);
      if (length < NlMsgHdr.size) {
        this.#fail(`writes nlmsg_len ${length}, less than a netlink header's ${NlMsgHdr.size}`);
        return;
      }
      const padded = Math.ceil(length / ALIGN) * ALIGN;
      if (bytes.length < padded) break;
      this.#sent.push(bytes.slice(0, length));
      bytes = bytes.slice(padded);
    }
    this.#rest = bytes;
    this.#wake();
  }

  /** @throws UsageError when the process has ended or writes what is no netlink message */
  async exchange(datagram: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#sent = [];
    const padded = new Uint8Array(Math.ceil(datagram.length / ALIGN) * ALIGN);
    padded.set(datagram);
    this.#child.stdin?.write(padded);
    const { seq } = NlMsgHdr.at(datagram);
    const isAnswered = (): boolean =>
      this.#sent.some((one) => {
        const reply = decodeReply(one);
        return reply.kind === 'broken' || reply.seq === seq;
      });
    await this.#until(isAnswered, ANSWER_MS);
    await this.#until(() => false, SETTLE_MS);
    if (this.#failure !== undefined) throw new UsageError(this.#failure);
    return this.#sent;
  }

  /** Waits until a condition holds, the server has failed, or the time is over. */
  async #until(condition: () => boolean, ms: number): Promise<void> {
    const over = performance.now() + ms;
    while (!condition() && this.#failure === undefined) {
      const left = over - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
