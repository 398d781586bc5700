import type { DeviceFacts } from '../../report/device-facts.ts';
import { DEVICE_GROUPS, deviceFields, nameFields } from '../../report/device-fields.ts';
import { selectedField } from '../../report/field-builders.ts';
import { FieldTable, isHelp } from '../../report/field-table.ts';
import type { Stamp } from '../../report/records.ts';
import { Report } from '../../report/report.ts';
import { SELECTION_HELP } from '../../report/select.ts';
import { type NameParts, splitName } from '../../report/split-name.ts';
import { systemSampleClock, ticks } from '../../stats/sample-clock.ts';
import { type Repetition, repetitionOf } from '../repetition.ts';
import { layoutOf } from '../report-layout.ts';
import type { Context } from './context.ts';
import { askOf } from './failure.ts';
import { described, infoRow, infoText } from './info-text.ts';
import { forEachOrAll } from './subject.ts';

/** What a report of devices shows when nothing is said, as the C tool. */
const COLUMNS = 'name,major,minor,attr,open,segments,events,uuid';
const RECORD = 'name_all,info_all,deps_all,tree_all,splitname_all';
const PARTS = 'vg_name,lv_name,lv_layer';

/** The fields of `dmsetup info -c`. */
export const INFO_FIELDS = new FieldTable<DeviceFacts>(
  [...DEVICE_GROUPS, { prefix: 'special', title: 'Special Fields' }],
  [...deviceFields((facts: DeviceFacts) => facts), selectedField()],
  'dmsetup info -c -o help',
);

export const SPLIT_FIELDS = new FieldTable<NameParts>(
  DEVICE_GROUPS.filter(({ prefix }) => prefix === 'splitname'),
  nameFields((parts: NameParts) => parts),
  'dmsetup splitname -o help NAME',
);

function reportOf<Row>(context: Context, table: FieldTable<Row>, defaults: string, records: string): Report<Row> {
  const { options, command } = context;
  return new Report(table, {
    fields: options.text('options'),
    defaults,
    recordDefaults: records,
    base: table.groups.map(({ prefix }) => prefix).filter((prefix) => prefix !== 'special'),
    sort: options.text('sort'),
    select: options.text('select'),
    layout: layoutOf(options, command.name),
  });
}

/** Shows the fields in place of a report, where that is asked for. */
function isHelped<Row>(context: Context, table: FieldTable<Row>): boolean {
  const { options } = context;
  if (isHelp(options.text('select'))) context.print(`${table.help({ types: true })}\n${SELECTION_HELP}`);
  else if (isHelp(options.text('options')) || isHelp(options.text('sort'))) context.print(table.help());
  else return false;
  return true;
}

/** `dmsetup info`. */
export async function info(context: Context): Promise<number> {
  if (context.command.reports?.(context) === true) return infoReport(context);
  const { dm, slot, outcome } = context;
  await forEachOrAll(context, async (subject) => {
    const device = described(context, await askOf('info', subject, () => dm.info(subject.ref, slot)));
    outcome.tell(infoText(device), infoRow(device));
  });
  return 0;
}

async function infoReport(context: Context): Promise<number> {
  if (isHelped(context, INFO_FIELDS)) return 0;
  const report = reportOf(context, INFO_FIELDS, COLUMNS, RECORD);
  const repetition = repetitionOf(context.options);
  try {
    if (repetition === undefined) await infoCycle(context, report);
    else await infoCycles(context, report, repetition);
  } finally {
    context.print(report.end());
  }
  return 0;
}

async function infoCycle(context: Context, report: Report<DeviceFacts>, stamp?: Stamp): Promise<void> {
  const rows: DeviceFacts[] = [];
  try {
    await forEachOrAll(context, async (subject) => {
      rows.push(await askOf('info', subject, () => context.facts.read(subject.ref)));
    });
  } finally {
    // Those that came before one that failed are shown, as in the C tool.
    context.print(report.write(rows, stamp));
  }
}

async function infoCycles(
  context: Context,
  report: Report<DeviceFacts>,
  { intervalMs, count }: Repetition,
): Promise<void> {
  const { clock = systemSampleClock, timeOfDay = Date.now } = context.world;
  const rhythm = ticks(clock.now(), { intervalMs, signal: context.signal, clock });
  for (let cycle = 1; ; cycle++) {
    await infoCycle(context, report, { cycle, time: new Date(timeOfDay()).toISOString() });
    if (cycle >= count || (await rhythm.next()).done === true) return;
  }
}

/** `dmsetup splitname`. */
export async function splitDeviceName(context: Context): Promise<number> {
  if (isHelped(context, SPLIT_FIELDS)) return 0;
  const [name = '', subsystem = 'LVM'] = context.words;
  const report = reportOf(context, SPLIT_FIELDS, PARTS, `subsystem,${PARTS}`);
  context.print(report.write([splitName(name, `${subsystem}-`)]) + report.end());
  return 0;
}
