/** A program on a terminal of its own, by Python's pty, and what the terminal shows in the end. */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../test/watch/on-terminal.py', import.meta.url));

/** Why programs cannot be run on terminals here; false when they can. */
export const skip = spawnSync('python3', ['--version']).status === 0 ? false : 'no python3: apt-get install python3';

/** How a program on a terminal ended. */
export interface Ended {
  /** An exit status or the name of a signal. */
  readonly ended: string;
  /** Null after a hang-up: there is no terminal any more. */
  readonly modesAreBack: boolean | null;
  /** Whether the terminal's modes were given back at each stop. */
  readonly stops: readonly boolean[];
  readonly written: string;
}

/** Runs a program on a terminal of 80x24; `on-terminal.py` tells what steps there are. */
export function onTerminal(program: readonly string[], steps: readonly string[], seconds = 60): Ended {
  const env = { ...process.env, PTY_SECONDS: `${seconds}`, LC_ALL: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1' };
  const text = execFileSync('python3', [SCRIPT, ...program, '--', ...steps], { encoding: 'utf8', env });
  return JSON.parse(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's commands begin with one
const CONTROLS = /\u001b\[(\??)([\d;]*)([A-Za-z])|\r|\n|[^\u001b]/gu;

/** A terminal as far as the view uses one: what is on its screens, and in which modes it is left. */
export class Screen {
  #cells: string[][] = [];
  #row = 0;
  #column = 0;
  /** Modes that are not as a terminal begins with them. */
  readonly modes = new Set<string>();

  write(text: string): this {
    for (const [all, isPrivate, given = '', command] of text.matchAll(CONTROLS)) {
      if (command === undefined) this.#put(all);
      else if (isPrivate === '?') this.#setMode(given, command);
      else this.#control(command, given);
    }
    return this;
  }

  /** The lines, without the blanks at their ends. */
  get lines(): string[] {
    return Array.from(this.#cells, (cells = []) =>
      Array.from(cells, (cell = ' ') => cell)
        .join('')
        .trimEnd(),
    );
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#row++;
    else {
      this.#cells[this.#row] ??= [];
      (this.#cells[this.#row] as string[])[this.#column++] = character;
    }
  }

  /** The cursor and lines that wrap are there at first, the alternate screen is not. */
  #setMode(mode: string, command: string): void {
    const isDefault = (command === 'h') === (mode !== '1049');
    if (isDefault) this.modes.delete(mode);
    else this.modes.add(mode);
  }

  #control(command: string, given: string): void {
    if (command === 'J') this.#cells = [];
    if (command === 'K') this.#cells[this.#row] = (this.#cells[this.#row] ?? []).slice(0, this.#column);
    if (command === 'H') [this.#row = 0, this.#column = 0] = given.split(';').map((number) => Number(number) - 1);
    if (command === 'm') {
      if (given === '0') this.modes.delete('style');
      else this.modes.add('style');
    }
  }
}
