import { type Findings, findingsText, tableText } from './table.ts';

/** docs/benchmarks.md. */
export function documentText(machine: readonly (readonly string[])[], findings: readonly Findings[]): string {
  const table = tableText({ title: 'Machine', columns: ['what', 'value'], rows: machine, notes: [] });
  return `# Benchmarks

Written by \`npm run bench\`; not by hand. Every figure was measured in one run on one machine, this package and the C tool
in turn. Absolute times are that machine's, under emulation several times what hardware needs: take the ratios.

${table}

${findings.map(findingsText).join('\n\n')}
`;
}
