/** Benchmarks beside the C tool: `npm run bench`. Runs each scenario in a lab guest of its own and writes down what came. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceleratorsToTry } from '../lab/accelerator.ts';
import { checkout } from '../lab/folders.ts';
import { bootGuest } from '../lab/guest.ts';
import { type BenchArguments, parseArguments, USAGE } from './arguments.ts';
import { documentText, sectionText } from './document.ts';
import { type GuestFacts, hostFacts, loadNow } from './machine.ts';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios/index.ts';
import { type Findings, findingsText } from './table.ts';

const GUEST = fileURLToPath(new URL('guest.js', import.meta.url));
// 10 000 regions take 660 MB, and the kernel gives statistics a quarter of its memory.
const MEMORY_MIB = 3072;
const LIMIT_MS = 10 * 60_000;

interface Outcome {
  readonly findings: Findings;
  readonly facts: GuestFacts;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function runScenario(name: ScenarioName, options: BenchArguments): Promise<Outcome> {
  const words = [process.execPath, GUEST, name, options.quick ? 'quick' : 'full', `${options.minutes}`];
  const chunks: Buffer[] = [];
  const onStdout = (chunk: Buffer): void => void chunks.push(chunk);
  const onStderr = (chunk: Buffer): void => void process.stderr.write(chunk);
  let status: number;
  if (options.here) {
    const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', onStdout);
    child.stderr.on('data', onStderr);
    status = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 128));
    });
  } else {
    await using guest = await bootGuest({ kernel: options.kernel, memoryMib: MEMORY_MIB, say });
    const timeoutMs = LIMIT_MS + options.minutes * 60_000;
    status = (await guest.run(words, { onStdout, onStderr, timeoutMs })).status;
  }
  if (status !== 0) throw new Error(`scenario ${name} ended with status ${status}`);
  return JSON.parse(Buffer.concat(chunks).toString()) as Outcome;
}

async function main(options: BenchArguments): Promise<number> {
  const accelerator = acceleratorsToTry()[0] === 'kvm' ? 'KVM' : 'TCG, that is software emulation';
  const where = options.here ? 'the machine itself' : `the lab, a guest in QEMU (${accelerator}),`;
  let failures = 0;
  for (const name of options.names) {
    const start = performance.now();
    const load = loadNow();
    try {
      const { findings, facts } = await runScenario(name, options);
      process.stdout.write(`${findingsText(findings)}\n\n`);
      if (!options.quick) write(name, sectionText(findings, facts, hostFacts(where, load)));
    } catch (error) {
      failures++;
      say(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    say(`bench: ${name} took ${Math.round((performance.now() - start) / 1000)} s`);
  }
  return failures === 0 ? 0 : 1;
}

function write(name: ScenarioName, section: string): void {
  const path = join(checkout, 'docs/benchmarks.md');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  writeFileSync(path, documentText(before, { [name]: section }, SCENARIO_NAMES));
  say(`bench: wrote the section ${name} of ${path}`);
}

try {
  if (process.argv.includes('--help')) process.stdout.write(USAGE);
  else process.exitCode = await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  say(`${error.message}\n${USAGE}`);
  process.exitCode = 1;
}
