import { writeSync } from 'node:fs';
import { emitKeypressEvents, type Key as ReadlineKey } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Key, Size } from './state.ts';

const ESC = '\u001b[';
// The alternate screen, lines that are cut and not wrapped, no cursor.
const ENTER = `${ESC}?1049h${ESC}?7l${ESC}?25l${ESC}2J`;
const LEAVE = `${ESC}0m${ESC}?25h${ESC}?7h${ESC}?1049l`;

/** What a terminal tells. */
export type TerminalEvent =
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'resize'; readonly size: Size }
  /** What was on the screen is gone. */
  | { readonly type: 'redraw' };

/** A whole terminal, taken over. Disposing of it gives it back as it was. */
export interface Terminal extends Disposable {
  readonly size: Size;
  write(text: string): void;
  /** Tells what happens from now on. */
  listen(listener: (event: TerminalEvent) => void): void;
}

const DEADLY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const STDOUT = 1;
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/**
 * Takes over the terminal of the process: the alternate screen, keys as they are pressed. It is given back however
 * the process ends, but for SIGKILL: at its exit, before a signal ends it, before it is stopped.
 */
export function openTerminal(input: ReadStream, output: WriteStream): Terminal {
  return new ProcessTerminal(input, output);
}

class ProcessTerminal implements Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #listener: (event: TerminalEvent) => void = () => {};
  #isEntered = false;

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
    emitKeypressEvents(input);
    process.on('exit', this.#leave);
    for (const signal of DEADLY) process.on(signal, this.#die);
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#continue);
    output.on('resize', this.#resize);
    input.on('keypress', this.#key);
    input.on('end', this.#hungUp);
    input.on('error', this.#hungUp);
    output.prependListener('error', this.#hungUp);
    this.#enter();
  }

  get size(): Size {
    const { columns, rows } = this.#output;
    // A terminal that does not know its size says 0.
    return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
  }

  write(text: string): void {
    this.#output.write(text);
  }

  listen(listener: (event: TerminalEvent) => void): void {
    this.#listener = listener;
  }

  [Symbol.dispose](): void {
    this.#leave();
    process.off('exit', this.#leave);
    for (const signal of DEADLY) process.off(signal, this.#die);
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#continue);
    this.#output.off('resize', this.#resize);
    this.#input.off('keypress', this.#key);
    this.#input.off('end', this.#hungUp);
    this.#input.off('error', this.#hungUp);
    this.#output.off('error', this.#hungUp);
    this.#input.pause();
  }

  #enter(): void {
    this.#isEntered = true;
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    try {
      // Not through the stream: at the end of the process nothing that waits in it is written.
      writeSync(STDOUT, LEAVE);
      this.#input.setRawMode(false);
    } catch {
      // The terminal itself is gone: there is nothing to give back.
    }
  };

  /** Dies of the signal, as if nobody had caught it: who waits for the process sees what ended it. */
  readonly #die = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    process.kill(process.pid, signal);
  };

  readonly #stop = (): void => {
    this.#leave();
    // The default action stops the process, here; or nothing happens where nobody could continue it.
    process.off('SIGTSTP', this.#stop);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', this.#stop);
    this.#continue();
  };

  // Also after a SIGSTOP, before which nothing could be given back.
  readonly #continue = (): void => {
    this.#leave();
    this.#enter();
    this.#listener({ type: 'resize', size: this.size });
    this.#listener({ type: 'redraw' });
  };

  readonly #resize = (): void => {
    this.#listener({ type: 'resize', size: this.size });
    this.#listener({ type: 'redraw' });
  };

  readonly #key = (text: string | undefined, { name, ctrl, sequence }: ReadlineKey): void => {
    // As the terminal itself would: all processes of the job.
    if (ctrl === true && name === 'z') process.kill(0, 'SIGTSTP');
    else if (ctrl === true && name === 'l') this.#listener({ type: 'redraw' });
    else this.#listener({ type: 'key', key: { name, text: text ?? sequence ?? '', ctrl: ctrl === true } });
  };

  // What a terminal that is gone says may come before the signal. Of it, too: an exit of Node's own gives the terminal's
  // modes back once more and aborts when that fails.
  readonly #hungUp = (): void => this.#die('SIGHUP');
}
