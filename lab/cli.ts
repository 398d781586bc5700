import { constants } from 'node:os';
import { type LabArguments, parseArguments, usage } from './arguments.ts';
import { passedOn } from './environment.ts';
import { bootGuest } from './guest.ts';
import { askKeeper, NoGuest, startKeeper } from './keeper-client.ts';
import { kernelOf } from './kernel.ts';
import { LabError } from './lab-error.ts';
import { installPackages } from './packages.ts';
import { runTestFiles, summary } from './test-run.ts';

const exitStatus = { timeLimit: 124, labFailed: 125, signal: 128 };

const say = (line: string) => void process.stderr.write(`${line}\n`);
const sinks = { onStdout: writer(process.stdout), onStderr: writer(process.stderr) };

async function main(args: LabArguments, signal: AbortSignal): Promise<number> {
  const { action, command, timeoutMs, kernel, memoryMib } = args;
  switch (action) {
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'install':
      await installPackages(say);
      await kernelOf(kernel, say);
      return 0;
    case 'once': {
      await using guest = await bootGuest({ kernel, memoryMib, signal, say });
      return (await guest.run(command, { ...sinks, timeoutMs, env: passedOn(process.env) })).status;
    }
    case 'test': {
      await installPackages(say);
      await kernelOf(kernel, say);
      const began = performance.now();
      const results = await runTestFiles(command, {
        guests: 2,
        timeoutMs,
        env: passedOn(process.env),
        boot: () => bootGuest({ kernel, memoryMib, signal }),
        ended: ({ file, passed, seconds, output, attempt, broken }) => {
          const again = attempt === 2 ? ' (again, in a fresh guest)' : '';
          const words = broken === undefined ? '' : `: ${broken}`;
          process.stdout.write(`\n${passed ? '✔' : '✖'} ${file}${again} ${seconds.toFixed(0)} s${words}\n${output}`);
        },
      });
      process.stdout.write(`\n${summary(results, (performance.now() - began) / 1000)}`);
      return results.every(({ passed }) => passed) ? 0 : 1;
    }
    case 'up':
      await installPackages(say);
      await kernelOf(kernel, say);
      await startKeeper({ kernel, memoryMib });
      return 0;
    case 'run': {
      const env = passedOn(process.env);
      const request = { do: 'run', command, timeoutMs, env, cwd: process.cwd() } as const;
      return askKeeper(request, { ...sinks, signal });
    }
    case 'status': {
      const up = await unlessDown(askKeeper({ do: 'status' }, { ...sinks, signal }));
      process.stdout.write(up === undefined ? 'down\n' : 'up\n');
      return up ?? 1;
    }
    case 'down':
      return (await unlessDown(askKeeper({ do: 'down' }, { ...sinks, signal }))) ?? 0;
  }
}

async function unlessDown(answer: Promise<number>): Promise<number | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NoGuest) return undefined;
    throw error;
  }
}

/** Waits for the reader on the other end, so that output does not pile up here. */
function writer(stream: NodeJS.WriteStream) {
  return (chunk: Buffer) =>
    new Promise<void>((resolve, reject) => {
      stream.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
}

class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupt.abort(new Interrupted(signal)));
}
// Whoever read our output has gone.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => interrupt.abort(new Interrupted('SIGPIPE')));
}

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)), interrupt.signal);
} catch (error) {
  const reason: unknown = interrupt.signal.aborted ? interrupt.signal.reason : error;
  if (reason instanceof Interrupted) {
    process.exitCode = exitStatus.signal + constants.signals[reason.signal];
  } else {
    const { name, message, stack } = reason as Error;
    say(reason instanceof LabError ? `lab: ${message}` : String(stack));
    process.exitCode = name === 'TimeLimitError' ? exitStatus.timeLimit : exitStatus.labFailed;
  }
}
