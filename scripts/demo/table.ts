import { PHASES } from './phases.ts';
import type { Row } from './recording.ts';

const COLUMNS: readonly { readonly heading: readonly [string, string]; readonly width: number }[] = [
  { heading: ['', 'time'], width: 6 },
  { heading: ['', 'the program does'], width: -17 },
  { heading: ['file', 'MiB'], width: 5 },
  { heading: ['', 'extents'], width: 7 },
  { heading: ['', 'regions'], width: 7 },
  { heading: ['', 'reads/s'], width: 7 },
  { heading: ['', 'writes/s'], width: 8 },
  { heading: ['read', 'MiB/s'], width: 5 },
  { heading: ['write', 'MiB/s'], width: 5 },
  { heading: ['mean', 'latency'], width: 8 },
  { heading: ['sectors', 'counted'], width: 8 },
  { heading: ['sectors', 'not seen'], width: 8 },
];

const MIB = 1024 * 1024;

/** A negative width is a column of text. */
function line(cells: readonly string[]): string {
  return COLUMNS.map(({ width }, index) => {
    const cell = cells[index] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  })
    .join(' ')
    .trimEnd();
}

/** The table's two heading lines. */
export function tableHead(): string[] {
  return [0, 1].map((index) => line(COLUMNS.map(({ heading }) => heading[index] as string)));
}

/** A row of the table. */
export function tableRow(row: Row): string {
  return line([
    `${(row.atMs / 1000).toFixed(1)} s`,
    PHASES.find(({ name }) => name === row.phase)?.label ?? row.phase,
    (row.sizeBytes / MIB).toFixed(1),
    `${row.extents}`,
    `${row.regions}`,
    row.readsPerSecond.toFixed(0),
    row.writesPerSecond.toFixed(0),
    (row.readBytesPerSecond / MIB).toFixed(1),
    (row.writeBytesPerSecond / MIB).toFixed(1),
    duration(row.meanWaitMs),
    `${row.countedSectors}`,
    `${row.notSeenSectors}`,
  ]);
}

/** Milliseconds as people write them. */
export function duration(ms: number): string {
  if (ms === 0) return '-';
  if (ms < 1) return `${(ms * 1000).toFixed(0)} us`;
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(0)} ms`;
}

/** A share of a whole in percent; a share that is not all is never shown as 100 %. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '-';
  const share = (100 * part) / whole;
  return part < whole && share > 99.9 ? '> 99.9 %' : `${share.toFixed(1)} %`;
}
