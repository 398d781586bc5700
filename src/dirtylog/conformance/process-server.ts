import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NlMsgHdr } from '../../kernel/dm-log-userspace.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { DiskTransport, KitDevice } from './disk-kernel.ts';
import { hasAnswer } from './kernel.ts';

/** How long a server may take to answer; one that does not is waited for this long. */
const ANSWER_MS = 1000;
/** How long a second answer is waited for, which there must not be. */
const SETTLE_MS = 2;
/** Netlink messages begin at multiples of it: `NLMSG_ALIGNTO`. */
const ALIGN = 4;

/** A log device that is a regular file: what is seen is what was written, whether it was synced or not. */
class FileDevice implements KitDevice {
  readonly name: string;
  readonly #bytes: number;
  #noted: Uint8Array;

  constructor(path: string, bytes: number) {
    this.name = path;
    this.#bytes = bytes;
    this.#noted = new Uint8Array(bytes);
    this.put(this.#noted);
  }

  /** An answer has come. */
  note(): void {
    this.#noted = readFileSync(this.name);
  }

  held(): Uint8Array {
    return this.#noted;
  }

  put(bytes: Uint8Array): void {
    const whole = new Uint8Array(this.#bytes);
    whole.set(bytes);
    writeFileSync(this.name, whole);
    this.#noted = whole;
  }
}

/**
 * Any server as a process: it reads the kernel's datagrams from its standard input and writes its own to its standard
 * output, each with its netlink header, which says how long it is, padded to four bytes. Its log devices are regular files.
 */
export class ProcessServer implements DiskTransport, AsyncDisposable {
  readonly #command: readonly string[];
  readonly #devices: FileDevice[] = [];
  #folder: string | undefined;
  #child: ChildProcess;
  #failure: string | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #sent: Uint8Array[] = [];
  #wake: () => void = () => {};

  /** @param command the program and its words */
  constructor(command: readonly string[]) {
    this.#command = command;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const [program = '', ...words] = this.#command;
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.once('error', (error) => this.#fail(`cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => this.#fail(`has ended, ${signal ?? `status ${code}`}`));
    // That it reads no more shows in its answers, or in its end.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    return child;
  }

  #fail(reason: string): void {
    this.#failure ??= `the server ${reason}`;
    this.#wake();
  }

  #take(chunk: Uint8Array): void {
    for (const device of this.#devices) device.note();
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
    await this.#until(() => hasAnswer(this.#sent, datagram), ANSWER_MS);
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

  makeDevice(bytes: number): KitDevice {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'dmlogd-check-'));
    const device = new FileDevice(join(this.#folder, `log${this.#devices.length}`), bytes);
    this.#devices.push(device);
    return device;
  }

  /** @throws UsageError when it has ended by itself */
  async restart(): Promise<void> {
    if (this.#failure !== undefined) throw new UsageError(this.#failure);
    // Its end and its last words are not the next one's.
    this.#child.removeAllListeners('exit');
    this.#child.stdout?.removeAllListeners('data');
    await end(this.#child, 'SIGKILL');
    this.#rest = new Uint8Array(0);
    this.#child = this.#start();
  }

  async pass(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child, 'SIGTERM');
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }
}

/** Ends a process, if it has been started and not ended. */
async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
