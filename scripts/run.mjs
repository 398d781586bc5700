// npm run TASK: installs what is missing, builds, then runs the task. Plain JavaScript without dependencies, since it
// runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const [task, ...words] = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`devicemapper needs Node 20 or later; this is ${process.version}`);
  process.exit(1);
}

function run(command, args, { allowFailure = false } = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) {
    console.error(`cannot run ${command}: ${error.message}`);
    process.exit(1);
  }
  const code = status ?? (signal === null ? 1 : 128);
  if (code !== 0 && !allowFailure) process.exit(code);
  return code;
}

const node = (...args) => run(process.execPath, args);

function install() {
  const stamp = 'node_modules/.package-lock.json';
  const fresh = existsSync(stamp) && statSync(stamp).mtimeMs >= statSync('package-lock.json').mtimeMs;
  if (!fresh) run('npm', ['ci', '--no-audit', '--no-fund']);
}

function testFiles(folder, skip) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.js') && !skip.some((room) => name.startsWith(`${room}/`)))
    .map((name) => join(folder, name))
    .sort();
}

const unit = () => node('--enable-source-maps', '--test', ...testFiles('dist/test', ['kernel']));
const lab = (...args) => node('dist/lab/cli.js', ...args);
const kernel = () => lab('--timeout', '1200', process.execPath, '--enable-source-maps', 'dist/test/kernel/all.js');

const tasks = {
  test() {
    const only = words[0];
    if (only === undefined || only === 'unit') unit();
    if (only === undefined || only === 'kernel') kernel();
  },
  demo: () => node('dist/scripts/demo/main.js', ...words),
  lab: () => lab(...words),
  bench: () => node('dist/bench/main.js', ...words),
  check() {
    run('npx', ['--no-install', 'biome', 'check', '.']);
    run('npx', ['--no-install', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'test', 'lab', 'bench']);
    run('npx', ['--no-install', 'typedoc']);
    run('npx', ['--no-install', 'publint', '--strict']);
  },
};

const action = tasks[task];
if (action === undefined) {
  console.error(`usage: npm run ${Object.keys(tasks).join('|')}`);
  process.exit(1);
}
install();
node('scripts/build.mjs');
action();
