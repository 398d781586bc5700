import { countOf, defineTarget, device, line, list, literal, type Part, sectorCount, u32 } from './grammar.ts';

/** A change to the table of a switch target; numbers are sent as hexadecimal. */
export type RegionMapping =
  /** The region, or the one after the last when it is left out, goes to a path. */
  | { readonly region?: number; readonly path: number }
  /** The last `cycle` mappings are repeated for the next `count` regions. */
  | { readonly cycle: number; readonly count: number };

const mapping: Part<RegionMapping> = {
  form: () => '<region>:<path>|:<path>|R<cycle>,<count>',
  help: (name) => [{ name, text: 'hexadecimal numbers; without a region the next one; R repeats the last mappings' }],
  read(reader) {
    const column = reader.column;
    const word = reader.take('mapping');
    if (word === undefined) return undefined;
    const [, region, path, cycle, count] =
      /^(?:([0-9a-f]{0,8}):([0-9a-f]{1,8})|R([0-9a-f]{1,8}),([0-9a-f]{1,8}))$/i.exec(word.text) ?? [];
    if (cycle !== undefined && count !== undefined) return { cycle: hex(cycle), count: hex(count) };
    if (path !== undefined) return region ? { region: hex(region), path: hex(path) } : { path: hex(path) };
    const wanted = 'a mapping is region:path, :path or Rcycle,count in hexadecimal';
    reader.refuse(`${wanted}, not ${JSON.stringify(word.text)}`, { column, unreadable: true });
    return undefined;
  },
  print(value) {
    if ('cycle' in value) return [`R${value.cycle.toString(16)},${value.count.toString(16)}`];
    return [`${value.region?.toString(16) ?? ''}:${value.path.toString(16)}`];
  },
};

function hex(digits: string): number {
  return Number.parseInt(digits, 16);
}

/** Regions that go to one of several paths by a table (drivers/md/dm-switch.c). */
export const switchTarget = defineTarget({
  type: 'switch',
  summary: 'sends each region to the path that a table gives, changed by messages',
  params: line({
    pathCount: countOf('paths', 'number of paths', { min: 1 }),
    regionSize: u32('size of a region', { min: 1, unit: 'sectors' }),
    optionCount: literal('0'),
    paths: list(
      line({
        device: device('a path', { offset: 'offset' }),
        offset: sectorCount('first sector on that device', { scan: 'kstrto' }),
      }),
    ),
  }),
  messages: { set_region_mappings: line({ mappings: list(mapping) }) },
});
