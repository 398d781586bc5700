// Bundles a command. One file starts in half the time of 60 modules, and a third of it faster than the whole. Node's
// compile cache (module.enableCompileCache, Node 22.1) is not used: it lies in a folder of /tmp with a name that is known,
// where others could put code for root to run.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, transform } from 'esbuild';

const common = { bundle: true, platform: 'node', target: 'node20', external: ['koffi'], logLevel: 'warning' };
const commonjs = {
  format: 'cjs',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
};

/** Bundles each entry point into one file. @param entryPoints esbuild's `{ in, out }` */
export async function bundle(entryPoints, outdir) {
  const banner = { js: commonjs.banner };
  await build({ ...common, ...commonjs, banner, entryPoints, outdir, outExtension: { '.js': '.cjs' } });
}

/**
 * Bundles a command with what it loads lazily in parts. Node takes a good half of a millisecond a file, so a part for each
 * is no gain. Modules that several need go into files of their own.
 *
 * @param partOf the name of the part for a lazily loaded file
 */
export async function bundleInParts(entryPoint, outdir, partOf) {
  const options = { ...common, entryPoints: [entryPoint], outdir, format: 'esm', splitting: true, write: false };
  const parts = new Map();
  const lazily = (act) => ({
    name: 'lazily-loaded',
    setup(builder) {
      builder.onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
        if (kind !== 'dynamic-import') return undefined;
        const file = join(resolveDir, path);
        return act(file, partOf(file));
      });
      builder.onLoad({ filter: /.*/, namespace: 'part' }, ({ path, pluginData }) => {
        const contents = [...parts.get(path)].map((file) => `export * from ${JSON.stringify(file)};`).join('\n');
        return { contents, resolveDir: pluginData };
      });
    },
  });
  const note = (file, part) => void parts.set(part, (parts.get(part) ?? new Set()).add(file));
  await build({ ...options, plugins: [lazily(note)] });
  for (const files of parts.values()) await refuseSameNames([...files]);
  const inPart = (file, part) => ({ path: part, namespace: 'part', pluginData: dirname(file) });
  const names = { outExtension: { '.js': '.cjs' }, chunkNames: '[name]-[hash]' };
  const { outputFiles } = await build({ ...options, ...names, plugins: [lazily(inPart)] });
  // Only ES modules can be split, and CommonJS ones start in less time.
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      ...commonjs,
      platform: 'node',
      target: 'node20',
      supported: { 'dynamic-import': false },
    });
    writeFileSync(path, code);
  }
}

/** Files of one part must not export the same name: `export *` from two of them would leave it out without a word. */
async function refuseSameNames(entryPoints) {
  const { metafile } = await build({ entryPoints, outdir: 'x', format: 'esm', write: false, metafile: true });
  const places = new Map();
  for (const { entryPoint, exports } of Object.values(metafile.outputs)) {
    for (const name of exports) {
      if (places.has(name))
        throw new Error(`${entryPoint} and ${places.get(name)} both export ${name}: they need parts of their own`);
      places.set(name, entryPoint);
    }
  }
}
