// Compiles everything to dist/ and bundles the commands: one file a command starts in half the time of 60 modules.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const commands = ['devicemapper', 'dmsetup', 'dmstats', 'dmfilemapd', 'dmlogd'];

// The page and its tests know the browser's types, and nothing else does.
for (const project of ['.', 'src/dashboard/page', 'test/dashboard/page']) {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}${project}/tsconfig.json`], {
    stdio: 'inherit',
  });
}
mkdirSync(`${root}dist/bin`, { recursive: true });
await build({
  entryPoints: [
    ...commands.map((name) => ({ in: `${root}src/cli/bin/${name}.ts`, out: name })),
    { in: `${root}src/dirtylog/daemon/worker.ts`, out: 'dmlogd-thread' },
  ],
  outdir: `${root}dist/bin`,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi'],
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
for (const name of commands) {
  chmodSync(`${root}dist/bin/${name}.cjs`, 0o755);
  // By its plain name for people who put dist/bin in PATH, as the lab does; npm makes its own links.
  if (existsSync(`${root}dist/bin/${name}`)) rmSync(`${root}dist/bin/${name}`);
  symlinkSync(`${name}.cjs`, `${root}dist/bin/${name}`);
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
