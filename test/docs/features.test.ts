import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The names that an entry of the package exports, types too, as the compiler sees its declarations. */
function exportsOf(entries: readonly string[]): Map<string, ReadonlySet<string>> {
  const manifest = JSON.parse(read('package.json')) as { exports: Record<string, { types?: string }> };
  const files = new Map(
    entries.map((entry) => {
      const types = manifest.exports[entry]?.types;
      assert.ok(types !== undefined, `package.json exports no ${entry}`);
      return [entry, fileURLToPath(new URL(types, root))];
    }),
  );
  const settings = { module: ts.ModuleKind.NodeNext, skipLibCheck: true, noLib: true, types: [] };
  const program = ts.createProgram([...files.values()], settings);
  const checker = program.getTypeChecker();
  return new Map(
    [...files].map(([entry, file]) => {
      const source = program.getSourceFile(file);
      const symbol = source === undefined ? undefined : checker.getSymbolAtLocation(source);
      assert.ok(symbol !== undefined, `${file} is no module`);
      return [entry, new Set(checker.getExportsOfModule(symbol).map(({ name }) => name))];
    }),
  );
}

const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

test('docs/features.md names exports that exist', () => {
  const rows = read('docs/features.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => /^`(devicemapper|\/\w+)`$/.test(cells[3] ?? ''))
    .map((cells) => ({
      names: words(cells[2] ?? ''),
      entry: (cells[3] ?? '')
        .replaceAll('`', '')
        .replace(/^devicemapper$/, '.')
        .replace(/^\//, './'),
    }));
  assert.ok(rows.length >= 50, `${rows.length} rows were found`);
  const exported = exportsOf([...new Set(rows.map(({ entry }) => entry))]);
  for (const { names, entry } of rows) {
    for (const name of names) assert.ok(exported.get(entry)?.has(name), `${entry} does not export ${name}`);
  }
});

test('docs/features.md has every public item of the crate’s reference page', () => {
  const text = read('docs/features.md');
  // Names of https://docs.rs/devicemapper/0.27, "Structs" to "Type Definitions".
  const items =
    'IEC Bytes CacheDev CacheDevPerformance CacheDevUsage CacheDevWorkingStatus DM DataBlocks Device DmCookie DmFlags ' +
    'DmName DmNameBuf DmOptions DmUuid DmUuidBuf FlakeyTargetParams LinearDev LinearDevTargetTable LinearTargetParams ' +
    'MetaBlocks Sectors TargetLine TargetType TargetTypeBuf ThinDev ThinDevId ThinDevWorkingStatus ThinPoolDev ' +
    'ThinPoolUsage ThinPoolWorkingStatus CacheDevStatus DevId DmError ErrorEnum LinearDevTargetParams ' +
    'ThinPoolNoSpacePolicy ThinPoolStatus ThinPoolStatusSummary ThinStatus MAX_CACHE_BLOCK_SIZE MIN_CACHE_BLOCK_SIZE ' +
    'SECTOR_SIZE DmDevice device_exists devnode_to_devno DmResult';
  const named = new Set(text.split('\n').flatMap((line) => words(line.split('|')[1] ?? '')));
  for (const item of items.split(' ')) assert.ok(named.has(item), `${item} has no row`);
});
