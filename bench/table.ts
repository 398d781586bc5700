/** A table of finished texts; the first column is left-aligned, the others right. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What one must know to read it; one sentence or paragraph each. */
  readonly notes: readonly string[];
}

/** What a scenario found. */
export interface Findings {
  readonly title: string;
  /** How it was measured. */
  readonly method: string;
  readonly tables: readonly Table[];
}

/** A table as Markdown that is readable on a terminal too. */
export function tableText({ title, columns, rows, notes }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, index) => {
      const cell = cells[index] ?? '';
      return index === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `|${widths.map((width, index) => (index === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const tail = notes.map((note) => `\n\n${note}`).join('');
  return `**${title}**\n\n${[line(columns), rule, ...rows.map(line)].join('\n')}${tail}`;
}

/** A scenario's findings as a section of Markdown. */
export function findingsText({ title, method, tables }: Findings): string {
  return [`## ${title}`, method, ...tables.map(tableText)].join('\n\n');
}
