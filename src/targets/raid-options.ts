import { choice, device, flag, i32, options, type Part, u32, valued } from './grammar.ts';
import { readCount } from './list.ts';

const INT_MAX = 2 ** 31 - 1;
/** The field of the options, which the count of parameters counts with the chunk. */
const OPTIONS = 'options';

const kstrto = { scan: 'kstrto' } as const;
/** A number as md reads it. */
export const raidNumber = (about: string, unit?: string): ReturnType<typeof u32> =>
  u32(about, { max: INT_MAX, ...kstrto, ...(unit === undefined ? {} : { unit }) });
const index = raidNumber('a device, from 0');

const parameters = options(
  {
    sync: flag('synchronises all devices'),
    nosync: flag('takes the devices for synchronised'),
    rebuild: valued(index, 'makes a device anew', { repeats: true }),
    daemon_sleep: valued(raidNumber('between two runs', 'milliseconds'), 'how often the bitmap is cleared'),
    min_recovery_rate: valued(raidNumber('KiB a second and device'), 'the slowest synchronisation'),
    max_recovery_rate: valued(raidNumber('KiB a second and device'), 'the fastest synchronisation'),
    write_mostly: valued(index, 'reads other devices first', { repeats: true }),
    max_write_behind: valued(raidNumber('writes under way', 'sectors'), 'to devices that are write-mostly'),
    stripe_cache: valued(raidNumber('stripes'), 'kept in memory'),
    region_size: valued(raidNumber('of the array', 'sectors'), 'what a bit of the bitmap stands for'),
    raid10_copies: valued(i32('of each block', { min: 2, ...kstrto }), '2 unless told'),
    raid10_format: valued(choice('where copies are', ['near', 'far', 'offset']), 'near unless told'),
    delta_disks: valued(i32('devices added, or taken away when negative', kstrto), 'changes the shape'),
    data_offset: valued(raidNumber('on each device', 'sectors'), 'where the data begins, leaving room for a new shape'),
    raid10_use_near_sets: flag('puts the copies of far and offset on other devices'),
    journal_dev: valued(device('a journal', { extent: 'unknown' }), 'closes the write hole'),
    journal_mode: valued(choice('of the journal', ['writethrough', 'writeback']), 'writethrough unless told'),
  },
  { count: 'none', once: true },
);

/** The options of the count alone, whatever else the line holds. */
const counted: Part<unknown> = parameters;

/** The number of words that the chunk and the options take; the chunk comes first. */
export const raidParameterCount: Part<never> & { readonly hidden: true } = {
  hidden: true,
  form: () => '<#raid_params>',
  help: () => [{ name: '#raid_params', text: 'number of words of the chunk and the options: from 1' }],
  read(reader) {
    const column = reader.column;
    const count = readCount(u32('', { min: 1, unit: 'words' }), reader, 'raid_params');
    if (count === undefined) return undefined;
    if (count === 0 || count > reader.left) {
      const wrong = count === 0 ? 'must count the chunk' : `announces ${count} words, but ${reader.left} follow`;
      reader.refuse(`#raid_params ${wrong}`, { column, unreadable: true, lost: true });
      return undefined;
    }
    reader.counts.set(OPTIONS, count - 1);
    return undefined;
  },
  // The kernel counts raid10_use_near_sets, but does not print it back.
  print: (_value, name, line, readback) => [
    String(1 + counted.print(line[OPTIONS] ?? [], name, line, readback).length),
  ],
};

/** The options that the count of parameters counts. */
export const raidOptions: typeof parameters = {
  ...parameters,
  read(reader, name) {
    const count = reader.counts.get(OPTIONS);
    return count === undefined ? undefined : parameters.read(reader.group(count), name);
  },
  print: (values, name, line, readback) =>
    parameters.print(
      readback === undefined ? values : values.filter((each) => each !== 'raid10_use_near_sets'),
      name,
      line,
      readback,
    ),
};
