import { spawn } from 'node:child_process';

/** The demo's voice: plain lines, emphasis only where a terminal shows it. */
export class Terminal {
  readonly #color: boolean;

  constructor(color: boolean) {
    this.#color = color;
  }

  #style(code: number, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  /** A sentence that says what comes. */
  say(text: string): void {
    this.line(`\n${this.#style(1, text)}`);
  }

  dim(text: string): void {
    this.line(this.#style(2, text));
  }

  check(ok: boolean, text: string): void {
    this.line(`  ${ok ? this.#style(32, 'ok') : this.#style(31, 'FAILED')}  ${text}`);
  }

  /** Runs a command as a user would type it and shows both. */
  async command(words: readonly string[], signal: AbortSignal): Promise<{ status: number; output: string }> {
    this.line(`${this.#style(2, '$')} ${this.#style(36, words.map(shellWord).join(' '))}`);
    const result = await runCommand(words, signal);
    if (result.output !== '') this.line(result.output.trimEnd());
    return result;
  }
}

/** A word as a shell wants it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const COMMAND_LIMIT_MS = 40_000;

/** A command's status and all that it printed. @throws when it cannot be started or is aborted */
export function runCommand(
  [program = '', ...words]: readonly string[],
  signal: AbortSignal,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      signal,
      timeout: COMMAND_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 128, output }));
  });
}

/** Runs a command for its effect. @throws with what it printed, when it fails */
export async function must(words: readonly string[], signal: AbortSignal): Promise<string> {
  const { status, output } = await runCommand(words, signal);
  if (status !== 0) throw new Error(`${words.map(shellWord).join(' ')}: ${output.trim() || `exit status ${status}`}`);
  return output.trim();
}
