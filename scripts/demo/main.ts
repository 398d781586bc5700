/** `npm run demo`: finds a place for the demo, runs it there, draws what it measured. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, checkout, outFolder } from '../../lab/folders.ts';
import { bootGuest } from '../../lab/guest.ts';
import { DEMO_USAGE, type DemoArguments, DemoUsageError, parseDemoArguments } from './arguments.ts';
import { drawPicture } from './picture.ts';
import { choosePlace, machineFacts } from './place.ts';
import { RECORDING_FILE, type Recording } from './recording.ts';

const GUEST_LIMIT_MS = 180_000;
const guestScript = fileURLToPath(new URL('./guest.js', import.meta.url));
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const hasColor = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    process.exitCode = 128 + constants.signals[name];
    stop.abort(new Error(`interrupted (${name})`));
  });
}

async function runHere(command: readonly string[]): Promise<number> {
  say("This machine's own device-mapper is used, on a loop device that the demo makes and removes.");
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    stdio: 'inherit',
    env: { ...process.env, LAB_DISKS: '', LAB_OUT: outFolder() },
  });
  // A terminal tells Ctrl-C to both; whoever ends only us means both too. Told twice is told once.
  stop.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done(code ?? 1));
  });
}

async function runInLab(command: readonly string[], { kernel }: DemoArguments, because: string): Promise<number> {
  say(`A virtual machine (QEMU) with Debian's kernel ${kernel} is used: ${because}.`);
  if (!existsSync(join(cacheFolder(), kernel))) {
    say('The first time, it is fetched from the Debian archive: about 100 MB, one to two minutes on a common line.');
  }
  const start = performance.now();
  await using guest = await bootGuest({ kernel, signal: stop.signal, say });
  // Read while the first steps run: Node is the largest thing that they need.
  guest.keepNodeInMemory();
  say(`It is up after ${((performance.now() - start) / 1000).toFixed(0)} s; the demo takes half a minute.`);
  const print = (chunk: Buffer): void => void process.stdout.write(chunk);
  const { status } = await guest.run(command, {
    onStdout: print,
    onStderr: print,
    timeoutMs: GUEST_LIMIT_MS,
    signal: stop.signal,
    cwd: checkout,
  });
  return status;
}

async function demo(options: DemoArguments): Promise<number> {
  const recordingPath = join(outFolder(), RECORDING_FILE);
  rmSync(recordingPath, { force: true });
  const place = choosePlace(machineFacts(options.fileSystem), options.forceLab);
  const command = [process.execPath, guestScript, options.fileSystem, hasColor ? 'color' : 'plain'];
  const status = await (place.where === 'here' ? runHere(command) : runInLab(command, options, place.because));
  if (existsSync(recordingPath)) {
    const picture = resolve(checkout, options.picture);
    mkdirSync(dirname(picture), { recursive: true });
    writeFileSync(picture, drawPicture(JSON.parse(readFileSync(recordingPath, 'utf8')) as Recording));
    const near = relative(process.cwd(), picture);
    say(`\nThe picture of it is in ${near.startsWith('..') ? picture : near}.`);
  }
  return status;
}

try {
  const options = parseDemoArguments(process.argv.slice(2));
  if (options.help) say(DEMO_USAGE);
  else {
    const status = await demo(options);
    // A signal's status is set by then.
    process.exitCode ||= status;
  }
} catch (error) {
  const reason = (stop.signal.aborted ? stop.signal.reason : error) as Error;
  process.stderr.write(`demo: ${reason.message}\n${error instanceof DemoUsageError ? `\n${DEMO_USAGE}` : ''}`);
  process.exitCode ||= 1;
}
