import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceleratorsToTry, rememberAccelerator } from './accelerator.ts';
import { Agent, type Sink } from './agent.ts';
import { type ClockReading, clockSpeed, isUsable } from './clock-check.ts';
import { ConsoleLog } from './console-log.ts';
import { commandEnvironment } from './environment.ts';
import { checkout, outFolder } from './folders.ts';
import { initramfs } from './initramfs.ts';
import { type Kernel, kernelOf } from './kernel.ts';
import type { KernelSeries } from './kernel-package.ts';
import { LabError, TimeLimitError } from './lab-error.ts';
import { type Accelerator, type Machine, startMachine } from './machine.ts';
import { installPackages } from './packages.ts';
import { commandScript } from './shell.ts';

export interface BootOptions {
  readonly kernel?: KernelSeries | undefined;
  readonly memoryMib?: number | undefined;
  /** Ends the boot, and the guest at any later time. */
  readonly signal?: AbortSignal | undefined;
  /** Told what takes long: packages and kernels being fetched. */
  readonly say?: ((line: string) => void) | undefined;
}

export interface RunOptions {
  readonly onStdout?: Sink | undefined;
  readonly onStderr?: Sink | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Added to the environment of environment.ts. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
}

// The longest a timer can wait: 24 days.
const noLimitMs = 2 ** 31 - 1;

/** How long the guest's clock is compared with the host's, and how many guests are tried for a true one. */
const CLOCK_MS = 400;
const CLOCK_TRIES = 4;

const bootLimitMs: Record<Accelerator, number> = { kvm: 10_000, tcg: 180_000 };

/** Boots a kernel with the host's files as its root, and a clock that goes right. Fetches what is not there yet. */
export async function bootGuest(options: BootOptions = {}): Promise<Guest> {
  for (let left = CLOCK_TRIES; ; left--) {
    const guest = await bootOnce(options);
    const speed = await guest.clockSpeed();
    if (isUsable(speed)) return guest;
    await guest.close();
    const words = `the guest's clock runs ${speed.toFixed(2)} times as fast as the host's`;
    if (left === 1) throw new LabError(`${words}: is the host too busy?`);
    options.say?.(`${words}; booting another`);
  }
}

async function bootOnce(options: BootOptions): Promise<Guest> {
  const say = options.say ?? (() => {});
  await installPackages(say);
  const kernel = await kernelOf(options.kernel ?? '6.1', say);
  const image = await initramfs(kernel);
  mkdirSync(outFolder(), { recursive: true });
  const accelerators = acceleratorsToTry();
  for (const accelerator of accelerators) {
    options.signal?.throwIfAborted();
    const machine = startMachine({
      accelerator,
      kernelImage: kernel.image,
      initramfs: image,
      memoryMib: options.memoryMib ?? 3072,
      outFolder: outFolder(),
    });
    const guest = new Guest(machine, kernel, options.signal);
    try {
      await guest.booted(bootLimitMs[accelerator]);
      if (accelerators.length > 1) await rememberAccelerator(accelerator);
      return guest;
    } catch (error) {
      await guest.close();
      options.signal?.throwIfAborted();
      if (accelerator === accelerators.at(-1)) throw error;
    }
  }
  throw new LabError('no way to run a guest');
}

/** A booted guest. Commands run one after the other, each as root. */
export class Guest implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #kernel: Kernel;
  readonly #agent: Agent;
  readonly #console: ConsoleLog;
  readonly #kept = new Set<string>();
  readonly #exited: Promise<unknown>;
  /** Never fulfilled; rejected when the guest is no more. */
  readonly #gone: Promise<never>;
  #endedBy: Error | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(machine: Machine, kernel: Kernel, signal: AbortSignal | undefined) {
    this.#machine = machine;
    this.#kernel = kernel;
    this.#agent = new Agent(machine);
    this.#console = new ConsoleLog(machine.logs);
    // Also resolves where QEMU could not be started.
    this.#exited = Promise.race([once(machine.process, 'exit'), once(machine.process, 'error')]).catch(
      (error: Error) => error,
    );
    this.#gone = this.#exited.then(async () => {
      await this.#console.ended;
      this.#endedBy ??= new LabError(`the guest died; its console is in ${this.#console.keep()}`);
      throw this.#endedBy;
    });
    this.#gone.catch(() => {});
    const end = () => this.#end(new LabError('the guest was ended'));
    signal?.addEventListener('abort', end, { once: true });
  }

  async booted(limitMs: number): Promise<void> {
    this.#agent.call('modules', this.#kernel.modules);
    for (const folder of [checkout, dirname(process.execPath)]) this.#keepVisible(folder);
    this.#agent.call('share', 'out', outFolder());
    const late = new AbortController();
    const limit = delay(limitMs, undefined, { signal: late.signal }).then(() => {
      throw this.#end(new LabError(`the guest did not boot in ${limitMs / 1000} s`), true);
    });
    limit.catch(() => {});
    await Promise.race([this.#agent.ready(), this.#gone, limit]);
    late.abort();
  }

  /** Runs a command and gives its exit status; 128 + n when signal n ended it. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<{ status: number }> {
    const turn = this.#queue.then(() => this.#run(argv, options));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** See `clockSpeed()` of clock-check.ts. */
  async clockSpeed(): Promise<number> {
    const read = async (): Promise<ClockReading> => {
      let text = '';
      const onStdout = (chunk: Buffer): void => {
        text += chunk;
      };
      const asked = performance.now();
      await this.run(['cat', '/proc/uptime'], { cwd: '/', onStdout });
      return { asked, answered: performance.now(), guest: Number.parseFloat(text) * 1000 };
    };
    const first = await read();
    await delay(CLOCK_MS);
    return clockSpeed(first, await read());
  }

  /** Rejects with the reason when the guest is no more. */
  async alive(): Promise<void> {
    await Promise.race([this.#gone, Promise.resolve()]);
  }

  /** What the guest has read of the host's files may be old; read it again when asked for it. */
  forgetHostFiles(): void {
    this.#agent.call('forget');
  }

  /** Reads Node now, for all later commands: it is the largest thing they need. */
  keepNodeInMemory(): void {
    this.#agent.call('remember', process.execPath);
  }

  async close(): Promise<void> {
    this.#end(new LabError('the guest was ended'));
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(argv: readonly string[], options: RunOptions): Promise<{ status: number }> {
    const { cwd = process.cwd(), timeoutMs, onStdout, onStderr } = options;
    const unwanted = new AbortController();
    const late = new AbortController();
    const signals = [unwanted.signal, late.signal];
    if (options.signal) signals.push(options.signal);
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    // Output nobody takes any more ends the command; the rest of it is read and dropped.
    const guard = (sink: Sink | undefined) => async (chunk: Buffer) => {
      try {
        if (!unwanted.signal.aborted) await sink?.(chunk);
      } catch (error) {
        unwanted.abort(error);
      }
    };
    this.#keepVisible(cwd);
    const nonce = randomBytes(16).toString('hex');
    const script = commandScript(argv, cwd, { ...commandEnvironment(), ...options.env });
    const status = this.#agent.run(nonce, script, guard(onStdout), guard(onStderr));
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const timer = setTimeout(() => late.abort(new TimeLimitError()), timeoutMs ?? noLimitMs);
    try {
      return { status: await Promise.race([status, this.#gone, stopped]) };
    } catch (error) {
      if (this.#endedBy) throw error;
      const consequence = await this.#stop(nonce, status);
      throw consequence && late.signal.aborted ? new TimeLimitError(`; ${consequence}`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Ends a command that may not want to. A process stuck in the kernel takes the guest along; gives
   * the words for it.
   */
  async #stop(nonce: string, status: Promise<unknown>): Promise<string | undefined> {
    const over = Promise.race([status, this.#gone]).then(
      () => true,
      () => true,
    );
    this.#agent.call('stop', nonce, 'TERM');
    if (await Promise.race([over, delay(2000)])) return undefined;
    this.#agent.call('stop', nonce, 'KILL');
    if (await Promise.race([over, delay(3000)])) return undefined;
    this.#agent.call('blocked');
    await delay(1000);
    return this.#end(new LabError('the command could not be killed, so the guest was'), true).message;
  }

  #keepVisible(folder: string): void {
    if (!/^\/(tmp|run|dev)(\/|$)/.test(folder) || this.#kept.has(folder)) return;
    this.#kept.add(folder);
    this.#agent.call('keep', folder);
  }

  #end(reason: LabError, withConsole = false): Error {
    if (!this.#endedBy && withConsole) {
      reason = new LabError(`${reason.message}; its console is in ${this.#console.keep()}`);
    }
    this.#endedBy ??= reason;
    this.#machine.process.kill('SIGKILL');
    return this.#endedBy;
  }
}
