import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { BlockNumber } from '../../system/block-devices.ts';
import type { Context } from './context.ts';
import { ask } from './failure.ts';
import { forEachOrAll } from './subject.ts';

const STYLES = ['devno', 'devname', 'blkdevname'] as const;

/** How devices are named: by number, by device-mapper's name where they have one, by the kernel's name. */
export type DeviceStyle = (typeof STYLES)[number];

/** The style that `-o` asks for, the last one of several. @throws UsageError for what is none */
export function styleOf({ options }: Context): DeviceStyle {
  let style: DeviceStyle = 'devno';
  for (const word of (options.text('options') ?? 'devno').split(',')) {
    const found = STYLES.find((one) => one === word);
    if (found === undefined) throw new UsageError(`Option not recognised: ${word}. It is one of ${STYLES.join(', ')}.`);
    style = found;
  }
  return style;
}

const keyOf = ({ major, minor }: DeviceNumber): BlockNumber => `${major}:${minor}`;

/** Writes devices in a style; names of device-mapper's own devices are looked up in the list. */
export async function deviceNamer(
  context: Context,
  style: DeviceStyle,
): Promise<(number: DeviceNumber, between: string) => string> {
  const listed = style === 'devname' ? await context.dm.list() : [];
  const names = new Map(listed.map(({ name, number }) => [keyOf(number), context.shown(name)]));
  return (number, between) => {
    const plain = `${number.major}${between}${number.minor}`;
    if (style === 'devno') return plain;
    return names.get(keyOf(number)) ?? context.blockDevices.name(keyOf(number)) ?? plain;
  };
}

/** `dmsetup deps`. */
export async function deps(context: Context): Promise<number> {
  const nameOf = await deviceNamer(context, styleOf(context));
  await forEachOrAll(context, async (subject, isOneOfMany) => {
    const { dm, slot } = context;
    const { name: kernelName } = await ask('deps', subject, () => dm.info(subject.ref));
    const numbers = await ask('deps', subject, () => dm.dependencies(subject.ref, slot));
    const name = context.shown(kernelName);
    const words = numbers.map((number) => ` (${nameOf(number, ', ')})`);
    context.outcome.tell(`${isOneOfMany ? `${name}: ` : ''}${numbers.length} dependencies\t:${words.join('')}\n`, {
      name,
      dependencies: numbers.map(({ major, minor }) => ({
        major,
        minor,
        name: context.blockDevices.name(keyOf({ major, minor })) ?? null,
      })),
    });
  });
  return 0;
}
