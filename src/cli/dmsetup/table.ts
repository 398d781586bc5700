import type { DeviceInfo } from '../../mapper/device-info.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import type { JsonValue } from '../../report/json.ts';
import { targetNamed } from '../../targets/registry.ts';
import { escapeConcise } from './concise.ts';
import type { Context } from './context.ts';
import { ask, askOf } from './failure.ts';
import { described, infoRow, infoText } from './info-text.ts';
import { forEachOrAll, type Subject } from './subject.ts';

type Lines = (subject: Subject) => Promise<TableLine[]>;

/** `dmsetup status`. */
export async function status(context: Context): Promise<number> {
  const { dm, slot, options, signal } = context;
  const noflush = options.has('noflush');
  return show(context, (subject) =>
    askOf('status', subject, () => dm.status(subject.ref, { ...slot, noflush, signal })),
  );
}

/** `dmsetup measure`. */
export async function measure(context: Context): Promise<number> {
  const { dm, slot } = context;
  return show(context, (subject) => askOf('status', subject, () => dm.measurement(subject.ref, slot)));
}

/** `dmsetup table`. */
export async function table(context: Context): Promise<number> {
  const { dm, slot, options } = context;
  const lines: Lines = async (subject) => {
    const all = await ask('table', subject, () => dm.table(subject.ref, { ...slot, secure: true }));
    return options.has('showkeys') ? all : all.map(withoutKeys);
  };
  return options.has('concise') ? showConcise(context, lines) : show(context, lines);
}

/** A line with zeros for its keys. */
export function withoutKeys(line: TableLine): TableLine {
  return { ...line, params: targetNamed(line.type).hideKeys(line.params) };
}

function lineText({ start, length, type, params }: TableLine): string {
  return `${start} ${length} ${type} ${params}`;
}

async function show(context: Context, read: Lines): Promise<number> {
  const { dm, options, slot } = context;
  const isVerbose = options.has('verbose');
  await forEachOrAll(context, async (subject, isOneOfMany) => {
    const all = await read(subject);
    const lines = wanted(context, all);
    // A device that has no such target is not there for this command.
    if (lines.length === 0 && options.has('target')) return;
    const info = await ask('info', subject, () => dm.info(subject.ref, slot));
    const device = described(context, info);
    const prefix = isOneOfMany && !isVerbose ? `${device.name}: ` : '';
    const body = (lines.length === 0 ? [''] : lines.map(lineText)).map((line) => `${prefix}${line}\n`).join('');
    const text = isVerbose ? `${infoText(device)}${body}${isOneOfMany ? '\n' : ''}` : body;
    context.outcome.tell(text, { ...infoRow(device), targets: lines.map(lineRow) });
  });
  return 0;
}

function wanted({ options }: Context, lines: readonly TableLine[]): readonly TableLine[] {
  const type = options.text('target');
  return type === undefined ? lines : lines.filter((line) => line.type === type);
}

function lineRow({ start, length, type, params }: TableLine): Readonly<Record<string, JsonValue>> {
  return { start_sectors: start, length_sectors: length, target: type, params };
}

async function showConcise(context: Context, read: Lines): Promise<number> {
  const { dm, slot, options } = context;
  let separator = '';
  await forEachOrAll(context, async (subject) => {
    const lines = wanted(context, await read(subject));
    if (lines.length === 0 && options.has('target')) return;
    const info = await ask('info', subject, () => dm.info(subject.ref, slot));
    const text = conciseText(info, lines, (name) => context.shown(name));
    context.outcome.tell(`${separator}${text}`, { name: context.shown(info.name), concise: text });
    separator = ';';
  });
  if (separator !== '' && !context.isForPrograms) context.print('\n');
  return 0;
}

/** A device in the concise form. */
export function conciseText(info: DeviceInfo, lines: readonly TableLine[], shown: (name: string) => string): string {
  const fields = [shown(info.name), shown(info.uuid), `${info.number.minor}`, info.readOnly ? 'ro' : 'rw'];
  return [...fields, ...lines.map(lineText)].map(escapeConcise).join(',');
}
