import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { TableLine } from '../mapper/table-line.ts';
import { targetNamed } from '../targets/registry.ts';
import { splitWords } from '../targets/words.ts';

// The forms in which the kernels print what they were given (see src/targets): 6.12 changed some.
const KERNELS = ['6.1', '6.12'] as const;
/** No block device has it. */
const NOWHERE: DeviceNumber = { major: 0, minor: 0 };

const words = (params: string): string => JSON.stringify(splitWords(params).map(({ text }) => text));

function readbacks({ type, params }: TableLine, numberOf: (path: string) => DeviceNumber | undefined): string[] {
  try {
    const target = targetNamed(type).parse(params);
    const resolve = (path: string): DeviceNumber => numberOf(path) ?? NOWHERE;
    return KERNELS.map((kernel) => words(target.readback({ kernel, numberOf: resolve }, { showKeys: true })));
  } catch (error) {
    if (error instanceof DmParseError) return [];
    throw error;
  }
}

/**
 * Whether a kernel that was given the table `wanted` would print `live`: numbers in place of paths, options in its
 * order, what it adds. Of types that are not known here the words must be the same.
 */
export function sameTable(
  live: readonly TableLine[],
  wanted: readonly TableLine[],
  numberOf: (path: string) => DeviceNumber | undefined,
): boolean {
  return (
    live.length === wanted.length &&
    wanted.every((line, index) => {
      const other = live[index];
      if (other === undefined) return false;
      const same = other.start === line.start && other.length === line.length && other.type === line.type;
      return same && [words(line.params), ...readbacks(line, numberOf)].includes(words(other.params));
    })
  );
}
