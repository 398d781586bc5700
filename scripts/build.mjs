// Compiles everything to dist/ and bundles the commands and the page.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle, bundleKinds } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const commands = ['devicemapper', 'dmsetup', 'dmstats', 'dmfilemapd', 'dmlogd'];

// The page and its tests know the browser's types, and nothing else does.
for (const project of ['.', 'src/dashboard/page', 'test/dashboard/page']) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}${project}/tsconfig.json`], {
    stdio: 'inherit',
  });
}
const bin = `${root}dist/bin`;
rmSync(bin, { recursive: true, force: true });
mkdirSync(bin);
const entryOf = (name) => ({ in: `${root}src/cli/bin/${name}.ts`, out: name });
await bundle(
  [
    ...commands.filter((name) => !['dmsetup', 'dmstats'].includes(name)).map(entryOf),
    { in: `${root}src/dirtylog/daemon/worker.ts`, out: 'dmlogd-thread' },
    { in: `${root}src/dirtylog/daemon/policy-check.ts`, out: 'dmlogd-policy' },
  ],
  bin,
);
// What scripts run again and again; it needs a quarter of the whole.
const { COMMANDS: dmstats } = await import('../dist/src/cli/dmstats/commands.js');
const usual = ['list', 'report', 'print', 'clear', 'delete', 'group', 'ungroup', 'version', 'help'];
const rare = dmstats.filter(({ name }) => ![...usual, 'create'].includes(name));
await bundleKinds(entryOf('dmstats'), bin, {
  tables: [`${root}src/cli/dmstats/commands.ts`],
  commands: dmstats,
  kinds: { usual, create: ['create'] },
  others: rare.flatMap(({ name, alias = name }) => [...new Set([name, alias])]),
});
// What knows the grammars of all targets.
const tables = ['create', 'load', 'reload', 'measure', 'status', 'table'];
const { COMMANDS: dmsetup } = await import('../dist/src/cli/dmsetup/commands.js');
await bundleKinds(entryOf('dmsetup'), bin, {
  tables: [`${root}src/cli/dmsetup/commands.ts`, `${root}src/cli/dmsetup.ts`],
  commands: dmsetup,
  kinds: { usual: dmsetup.map(({ name }) => name).filter((name) => !tables.includes(name)), tables },
  // dmstats by another name.
  others: ['stats'],
});
for (const name of commands) {
  chmodSync(`${bin}/${name}.cjs`, 0o755);
  // By its plain name for people who put dist/bin in PATH, as the lab does; npm makes its own links.
  symlinkSync(`${name}.cjs`, `${bin}/${name}`);
}
// What browsers get: one script, one style, and what needs no building.
await build({
  entryPoints: ['page.ts', 'page.css'].map((name) => `${root}src/dashboard/page/${name}`),
  outdir: `${root}dist/page`,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  format: 'esm',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) {
  copyFileSync(`${root}src/dashboard/page/${file}`, `${root}dist/page/${file}`);
}
