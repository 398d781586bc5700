import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { mangledName } from '../../mapper/mangle.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { quoteWord, splitWords } from '../../targets/words.ts';

/** How the tables of a graph name one of its devices: as its node is called. */
export function nodePath(name: string): string {
  return `/dev/mapper/${mangledName(name)}`;
}

/** Devices by the paths that mean them. */
export function byPath<T extends { readonly name: string }>(devices: readonly T[]): Map<string, T> {
  return new Map(devices.map((device) => [nodePath(device.name), device]));
}

/** The paths among `paths` that a table names, each once. */
export function namedIn(table: readonly TableLine[], paths: ReadonlyMap<string, unknown>): string[] {
  const words = table.flatMap(({ params }) => splitWords(params).map(({ text }) => text));
  return [...new Set(words.filter((word) => paths.has(word)))];
}

/**
 * A table with numbers in place of the paths of other devices: their nodes may not be there yet, or never, and a path
 * could lead elsewhere.
 */
export function withNumbers(table: readonly TableLine[], numbers: ReadonlyMap<string, DeviceNumber>): TableLine[] {
  return table.map((line) => {
    const words = splitWords(line.params).map(({ text }) => text);
    if (!words.some((word) => numbers.has(word))) return line;
    const resolved = words.map((word) => {
      const number = numbers.get(word);
      return number === undefined ? quoteWord(word) : `${number.major}:${number.minor}`;
    });
    return { ...line, params: resolved.join(' ') };
  });
}
