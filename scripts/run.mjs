// npm run TASK: installs what is missing, builds, then runs the task. Plain JavaScript without dependencies, since it
// runs before anything is installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const [task, ...words] = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`devicemapper needs Node 20 or later; this is ${process.version}`);
  process.exit(1);
}

async function run(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, forward);
  let status;
  try {
    const [code, signal] = await once(child, 'exit');
    status = code ?? (signal === null ? 1 : 128);
  } catch (error) {
    console.error(`cannot run ${command}: ${error.message}`);
    status = 1;
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.off(signal, forward);
  if (status !== 0) process.exit(status);
}

const node = (...args) => run(process.execPath, args);

async function install() {
  const stamp = 'node_modules/.package-lock.json';
  const fresh = existsSync(stamp) && statSync(stamp).mtimeMs >= statSync('package-lock.json').mtimeMs;
  if (!fresh) await run('npm', ['ci', '--no-audit', '--no-fund']);
}

function testFiles(folder, skip) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.js') && !skip.some((room) => name.startsWith(`${room}/`)))
    .map((name) => join(folder, name))
    .sort();
}

const unit = () =>
  node('--enable-source-maps', '--test', '--test-concurrency=2', ...testFiles('dist/test', ['kernel']));
const lab = (...args) => node('dist/lab/cli.js', ...args);

// The longest first, so that two guests end at about the same time.
const LONG = ['dirtylog-survival', 'differential', 'report-parity', 'dmstats-parity', 'dirtylog-failures'];

const kernel = () => {
  const rank = (file) => LONG.indexOf(basename(file, '.test.js')) >>> 0;
  const files = testFiles('dist/test/kernel', []).sort((a, b) => rank(a) - rank(b));
  return lab('--timeout', '600', 'test', ...files);
};

const tasks = {
  async test() {
    const only = words[0];
    if (only === undefined || only === 'unit') await unit();
    if (only === undefined || only === 'kernel') await kernel();
  },
  demo: () => node('dist/scripts/demo/main.js', ...words),
  lab: () => lab(...words),
  bench: () => node('dist/bench/main.js', ...words),
  async check() {
    await run('npx', ['--no-install', 'biome', 'check', '.']);
    await run('npx', [
      '--no-install',
      'depcruise',
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'test',
      'lab',
      'bench',
    ]);
    await run('npx', ['--no-install', 'typedoc']);
    await run('npx', ['--no-install', 'publint', '--strict']);
  },
};

const action = tasks[task];
if (action === undefined) {
  console.error(`usage: npm run ${Object.keys(tasks).join('|')}`);
  process.exit(1);
}
await install();
await node('scripts/build.mjs');
await action();
