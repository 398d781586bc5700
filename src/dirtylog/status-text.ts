import type { ServedLog, SharedLog } from './shared-log.ts';

/**
 * What `dmsetup status` shows of a log: the number of the words that follow, the type, and of a disk log the device and
 * `A` (alive), `D` (cannot be read or written) or `F` (cannot be flushed), as the kernel's own disk log.
 */
export function statusInfo(served: ServedLog, shared: SharedLog): string {
  const { kind, typeName } = served.arguments;
  if (kind === 'core') return `1 ${typeName}`;
  return `3 ${typeName} ${shared.label} ${shared.log?.failure?.letter ?? 'A'}`;
}

/** A log's part of the table, for the old kernels that ask the server for it. */
export function statusTable({ words, uuid }: ServedLog): string {
  const [, ...table] = words.split(' ').filter((word) => word !== '');
  return `userspace ${table.length + 1} ${uuid} ${table.join(' ')} `;
}
