// Compiles everything to dist/ and bundles the commands and the page.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle, bundleInParts } from './bundle.mjs';

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
    ...commands.filter((name) => name !== 'dmstats').map(entryOf),
    { in: `${root}src/dirtylog/daemon/worker.ts`, out: 'dmlogd-thread' },
    { in: `${root}src/dirtylog/daemon/policy-check.ts`, out: 'dmlogd-policy' },
  ],
  bin,
);
// What scripts run again and again; it needs a third of the whole.
const usual = ['list', 'report', 'print', 'clear', 'delete', 'group', 'ungroup', 'version', 'help'];
await bundleInParts(entryOf('dmstats'), bin, (file) => {
  if (file.includes('/cli/dmsetup/')) return 'dmsetup';
  if (['create', 'create-filemap', 'planned-filemap'].includes(basename(file, '.ts'))) return 'create';
  return usual.includes(basename(file, '.ts')) ? 'usual' : 'rest';
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
