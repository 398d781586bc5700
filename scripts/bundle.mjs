// Bundles a command. One file starts in half the time of 60 modules, and a third of it faster than the whole. Node's
// compile cache (module.enableCompileCache, Node 22.1) is not used: it lies in a folder of /tmp with a name that is known,
// where others could put code for root to run.
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const options = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi'],
  logLevel: 'warning',
  // Names stay: a bug's stack should tell something.
  minifyWhitespace: true,
  lineLimit: 120,
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  outExtension: { '.js': '.cjs' },
};

/** Bundles each entry point into one file. @param entryPoints esbuild's `{ in, out }` */
export async function bundle(entryPoints, outdir, plugins = []) {
  await build({ ...options, entryPoints, outdir, plugins });
}

/**
 * Bundles a command several times, each with only some of its subcommands, and a start that picks one. Most of a start is
 * reading the text of the program: a third of it takes half the time, and parts that the bundles would share take longer
 * than the text that they save.
 *
 * @param name the entry's `out`
 * @param tables the files that load subcommands' files lazily
 * @param commands the subcommands, each with its `load`
 * @param kinds the subcommands in each bundle, by the bundle's name; the first bundle is that of words that are in no other
 * @param others words that are no subcommand of these bundles: they take a bundle with everything
 */
export async function bundleKinds({ in: entryPoint, out: name }, outdir, { tables, commands, kinds, others }) {
  const filesOf = (words) => commands.filter((one) => words.includes(one.name)).map(({ load }) => fileOf(load));
  const only = (files) => ({
    name: 'only-some',
    setup(builder) {
      builder.onResolve({ filter: /^\./ }, ({ kind, importer, path }) => {
        if (kind !== 'dynamic-import' || !tables.includes(importer) || files.includes(basename(path, '.ts')))
          return undefined;
        return { path, namespace: 'other' };
      });
      builder.onLoad({ filter: /.*/, namespace: 'other' }, ({ path }) => ({
        contents: `throw new Error(${JSON.stringify(`${name}: ${path} is in another bundle, which its word starts`)});`,
      }));
    },
  });
  const WHOLE = 'whole';
  const [usual, ...rest] = Object.keys(kinds);
  for (const kind of [usual, ...rest]) {
    await bundle([{ in: entryPoint, out: `${name}-${kind}` }], outdir, [
      only(filesOf([...kinds[usual], ...kinds[kind]])),
    ]);
  }
  await bundle([{ in: entryPoint, out: `${name}-${WHOLE}` }], outdir);
  const bundles = [
    ...rest.flatMap((kind) => kinds[kind].map((word) => [word, kind])),
    ...others.map((word) => [word, WHOLE]),
  ];
  // All words are looked at: which one is the command is for the command to say, and the whole bundle can do everything.
  const start = `#!/usr/bin/env node
const bundles = new Map(${JSON.stringify(bundles)});
const asked = new Set(process.argv.map((word) => bundles.get(word) ?? '${usual}'));
asked.delete('${usual}');
require(\`./${name}-\${asked.size > 1 ? '${WHOLE}' : ([...asked][0] ?? '${usual}')}.cjs\`);
`;
  writeFileSync(join(outdir, `${name}.cjs`), start);
}

/** The name of the file that a subcommand is loaded from. */
function fileOf(load) {
  return /import\("\.\/([^"]+)\.js"\)/.exec(load)[1];
}
