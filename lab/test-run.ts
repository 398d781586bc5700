import type { RunOptions } from './guest.ts';
import { TimeLimitError } from './lab-error.ts';

/** What the run needs of a guest. */
export interface TestGuest {
  run(argv: readonly string[], options?: RunOptions): Promise<{ status: number }>;
  close(): Promise<void>;
}

export interface TestRunOptions {
  /** How many guests work at once. */
  readonly guests: number;
  /** For one file. */
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly boot: () => Promise<TestGuest>;
  /** Told each file's whole output when the file has ended, so that two guests' lines do not mix. */
  readonly ended: (result: FileResult) => void;
}

export interface FileResult {
  readonly file: string;
  readonly passed: boolean;
  /** Why the file did not end by itself. */
  readonly broken?: string;
  readonly seconds: number;
  readonly output: string;
  /** 2 when the file failed first and was run again alone in a fresh guest. */
  readonly attempt: 1 | 2;
}

/**
 * Runs test files, one after the other in each guest. A file that hangs costs its time limit and its guest. One that
 * fails is run once more in a fresh guest: emulation on a busy machine can be late for any deadline; the result says so.
 */
export async function runTestFiles(files: readonly string[], options: TestRunOptions): Promise<FileResult[]> {
  const queue = files.map((file) => ({ file, attempt: 1 as 1 | 2 }));
  const results: FileResult[] = [];
  const worker = async () => {
    let guest: TestGuest | undefined;
    try {
      for (let job = queue.shift(); job; job = queue.shift()) {
        guest ??= await options.boot();
        const result = await runFile(guest, job.file, job.attempt, options);
        options.ended(result);
        if (!result.passed || result.attempt === 2) {
          await guest.close();
          guest = undefined;
        }
        if (!result.passed && job.attempt === 1) queue.unshift({ file: job.file, attempt: 2 });
        else results.push(result);
      }
    } finally {
      await guest?.close();
    }
  };
  await Promise.all(Array.from({ length: options.guests }, worker));
  return results;
}

async function runFile(
  guest: TestGuest,
  file: string,
  attempt: 1 | 2,
  { timeoutMs, env }: TestRunOptions,
): Promise<FileResult> {
  const chunks: Buffer[] = [];
  const sink = (chunk: Buffer) => void chunks.push(chunk);
  const began = performance.now();
  const argv = [process.execPath, '--enable-source-maps', '--test-reporter=spec', file];
  const result = (passed: boolean, broken?: string): FileResult => ({
    file,
    passed,
    ...(broken === undefined ? {} : { broken }),
    seconds: (performance.now() - began) / 1000,
    output: Buffer.concat(chunks).toString(),
    attempt,
  });
  try {
    const { status } = await guest.run(argv, { onStdout: sink, onStderr: sink, timeoutMs, env });
    return result(status === 0);
  } catch (error) {
    if (error instanceof TimeLimitError) return result(false, `${error.message} (${timeoutMs / 1000} s)`);
    return result(false, (error as Error).message);
  }
}

const counted = ['tests', 'pass', 'fail', 'cancelled', 'skipped'] as const;
export type TestCounts = Readonly<Record<(typeof counted)[number], number>>;

/** The counts at the end of what Node's spec reporter prints. */
export function testCounts(output: string): TestCounts {
  const count = (name: string) => Number(output.match(new RegExp(`^ℹ ${name} (\\d+)$`, 'm'))?.[1] ?? 0);
  return Object.fromEntries(counted.map((name) => [name, count(name)])) as TestCounts;
}

/** The last lines of a run: the failures in full, then one line of counts. */
export function summary(results: readonly FileResult[], seconds: number): string {
  const lines: string[] = [];
  for (const { file, passed, broken, output } of results) {
    if (passed) continue;
    lines.push(`✖ ${file}${broken === undefined ? '' : `: ${broken}`}`);
    const from = output.indexOf('✖ failing tests:');
    lines.push(from < 0 ? output.split('\n').slice(-30).join('\n') : output.slice(from));
  }
  for (const { file, passed, attempt } of results) {
    if (passed && attempt === 2) lines.push(`! ${file} passed only when run again in a fresh guest`);
  }
  const counts = results.map(({ output }) => testCounts(output));
  const total = (name: keyof TestCounts) => counts.reduce((sum, one) => sum + one[name], 0);
  const words = counted.map((name) => `${name} ${total(name)}`).join(', ');
  const failed = results.filter(({ passed }) => !passed).length;
  lines.push(`${results.length} files, ${failed} failed; ${words}; ${seconds.toFixed(0)} s`);
  return `${lines.join('\n')}\n`;
}
