/** Writes the tables of docs/json.md from the fields themselves. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RECORD_SETS, STATS_FIELDS } from '../src/report/stats-fields.ts';

const BEGIN = '<!-- fields: written by scripts/json-fields.ts -->';
const END = '<!-- end of fields -->';

/** The table of the names in records, with their types and the fields that `-o` asks for them by. */
export function fieldTables(): string {
  const defaults = new Map(
    Object.entries(RECORD_SETS).map(([command, set]) => [command, new Set(STATS_FIELDS.parse(set, []))]),
  );
  const sections = STATS_FIELDS.groups.map(({ prefix, title }) => {
    const own = STATS_FIELDS.fields.filter(({ group }) => group === prefix);
    const lines = new Map<string, { type: string; ids: string[]; commands: Set<string> }>();
    for (const field of own) {
      for (const { name, type } of field.json) {
        const line = lines.get(name) ?? { type, ids: [], commands: new Set() };
        line.ids.push(`\`${field.id}\``);
        for (const [command, fields] of defaults) if (fields.has(field)) line.commands.add(command);
        lines.set(name, line);
      }
    }
    const rows = [...lines].map(
      ([name, { type, ids, commands }]) =>
        `| \`${name}\` | ${type} | ${ids.join(', ')} | ${[...commands].join(', ')} |\n`,
    );
    return `### ${title}\n\n| Name | Type and unit | Field | Default in |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return `${BEGIN}\n\n${sections.join('\n')}\n${END}`;
}

/** A document with its tables brought up to date. */
export function withFieldTables(document: string): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the document has no ${BEGIN} ... ${END}`);
  return before + fieldTables() + after;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = fileURLToPath(new URL('../../docs/json.md', import.meta.url));
  writeFileSync(path, withFieldTables(readFileSync(path, 'utf8')));
}
