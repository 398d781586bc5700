import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceInfo } from '../../mapper/device-info.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { ListedDevice } from '../../mapper/listing.ts';
import type { JsonValue } from '../../report/json.ts';
import type { BlockNumber } from '../../system/block-devices.ts';
import type { Options } from '../command-line.ts';
import { isUtf8 } from '../locale.ts';
import type { Context } from './context.ts';
import { drawTrees, plantTrees, type TreeDevice, type TreeForm, type TreeNode } from './tree.ts';

const FACTS = ['active', 'rw', 'open', 'uuid'] as const;
const SYMBOLS = ['ascii', 'utf', 'vt100'] as const;
const WORDS: ReadonlySet<string> = new Set([
  ...FACTS,
  ...SYMBOLS,
  ...['device', 'nodevice', 'blkdevname', 'compact', 'inverted', 'notrunc'],
]);

/** What `-o` asks for. @throws UsageError for words that there are none of */
export function treeWords(options: Options): ReadonlySet<string> {
  const words = (options.text('options') ?? 'device').split(',');
  const unknown = words.filter((word) => !WORDS.has(word));
  if (unknown.length === 0) return new Set(words);
  throw new UsageError(`Tree options not recognised: ${unknown.join(',')}. They are ${[...WORDS].join(', ')}.`);
}

/** `dmsetup ls --tree`. */
export async function lsTree(
  context: Context,
  words: ReadonlySet<string>,
  listed: readonly ListedDevice[],
): Promise<number> {
  const devices = await treeDevices(context, listed, words);
  const roots = plantTrees(devices, { inverted: words.has('inverted') });
  const form: TreeForm = {
    symbols: SYMBOLS.find((name) => words.has(name)) ?? (isUtf8(context.env) ? 'utf' : 'ascii'),
    // What is told of a device leaves no room for others on its line.
    compact: words.has('compact') && !FACTS.some((fact) => words.has(fact)),
    width: words.has('notrunc') ? undefined : context.columns,
  };
  for (const root of roots) context.outcome.tell(drawTrees([root], form), rowOf(root));
  return 0;
}

async function treeDevices(
  context: Context,
  listed: readonly ListedDevice[],
  words: ReadonlySet<string>,
): Promise<TreeDevice[]> {
  const { dm, slot } = context;
  const devices: TreeDevice[] = [];
  const others = new Map<string, TreeDevice>();
  const own = new Set(listed.map(({ number }) => keyOf(number)));
  for (const { name, number } of listed) {
    const uses = await dm.dependencies(number, slot);
    const told = FACTS.some((fact) => words.has(fact)) ? ` [${facts(context, await dm.info(number), words)}]` : '';
    devices.push({
      number,
      mapped: true,
      label: `${context.shown(name)}${place(context, number, words)}${told}`,
      uses,
    });
    // Without names and numbers there is nothing to show of the others.
    if (words.has('nodevice') && !words.has('blkdevname')) continue;
    for (const other of uses) {
      if (own.has(keyOf(other))) continue;
      others.set(keyOf(other), { number: other, mapped: false, label: place(context, other, words), uses: [] });
    }
  }
  return [...devices, ...others.values()];
}

const keyOf = ({ major, minor }: DeviceNumber): BlockNumber => `${major}:${minor}`;

function place(context: Context, number: DeviceNumber, words: ReadonlySet<string>): string {
  const blockName = words.has('blkdevname') ? context.blockDevices.name(keyOf(number)) : undefined;
  return `${blockName === undefined ? '' : ` <${blockName}>`}${words.has('nodevice') ? '' : ` (${keyOf(number)})`}`;
}

function facts(context: Context, info: DeviceInfo, words: ReadonlySet<string>): string {
  const texts = {
    active: info.suspended ? 'SUSPENDED' : 'ACTIVE',
    rw: info.readOnly ? 'RO' : 'RW',
    open: `${info.openCount}`,
    uuid: context.shown(info.uuid),
  };
  return FACTS.filter((fact) => words.has(fact))
    .map((fact) => texts[fact])
    .join(', ');
}

function rowOf({ device: { label, number, mapped }, children }: TreeNode): Readonly<Record<string, JsonValue>> {
  return { label: label.trim(), major: number.major, minor: number.minor, mapped, children: children.map(rowOf) };
}
