import { UsageError } from '../mapper/errors.ts';
import type { Field, FieldGroup, RowParts } from './field.ts';

/** One key of a sort. */
export interface SortKey<Row> {
  readonly field: Field<Row>;
  readonly descending: boolean;
}

const plain = (word: string): string => word.toLowerCase().replaceAll('_', '');

/** Whether a word asks for help in place of fields. */
export function isHelp(text: string | undefined): boolean {
  return text !== undefined && /^(help|\?)$/i.test(text.replace(/^\+/, ''));
}

/** The fields of a report, in groups, and how people name them. */
export class FieldTable<Row> {
  readonly groups: readonly FieldGroup[];
  readonly fields: readonly Field<Row>[];
  /** Undefined when rows do not tell. */
  readonly parts: RowParts<Row> | undefined;
  readonly #byName = new Map<string, Field<Row>>();
  readonly #command: string;

  /** @param command what to run to see the fields, for messages */
  constructor(
    groups: readonly FieldGroup[],
    fields: readonly Field<Row>[],
    command: string,
    parts?: RowParts<Row> | undefined,
  ) {
    this.groups = groups;
    this.parts = parts;
    this.fields = fields;
    this.#command = command;
    for (const field of fields) this.#byName.set(plain(field.id), field);
    // The prefix of a field's group may be there or not, as in libdevmapper; a field's own name comes first.
    for (const field of fields) {
      const id = plain(field.id);
      for (const name of [`${field.group}${id}`, id.startsWith(field.group) ? id.slice(field.group.length) : id]) {
        if (name !== '' && !this.#byName.has(name)) this.#byName.set(name, field);
      }
    }
  }

  /** The names of all fields, and those that mean all of a group. */
  get names(): string[] {
    return [...this.fields.map(({ id }) => id), ...this.groups.map(({ prefix }) => `${prefix}_all`)];
  }

  /** A field by its name: case and underscores do not matter, its group's prefix may be left out. */
  find(name: string): Field<Row> | undefined {
    return this.#byName.get(plain(name));
  }

  /**
   * The fields of a comma-separated list. `all` means the fields of the groups that the report is about and of those
   * that the list has named before, `PREFIX_all` those of a group.
   *
   * @param base the prefixes of the groups that the report is about
   * @throws UsageError naming the field that is none
   */
  parse(text: string, base: readonly string[]): Field<Row>[] {
    const found: Field<Row>[] = [];
    const seen = new Set(base);
    for (const word of text.split(',').map((part) => part.trim())) {
      const fields = this.#named(word, seen);
      if (fields === undefined) throw this.#unknown('Unrecognised field', word);
      for (const { group } of fields) seen.add(group);
      found.push(...fields);
    }
    return found;
  }

  #named(word: string, groups: ReadonlySet<string>): readonly Field<Row>[] | undefined {
    const name = plain(word);
    if (name === 'all') return this.fields.filter(({ group }) => groups.has(group));
    const group = this.groups.find(({ prefix }) => `${prefix}all` === name);
    if (group !== undefined) return this.fields.filter((field) => field.group === group.prefix);
    const field = this.find(word);
    return field === undefined ? undefined : [field];
  }

  /**
   * The keys of a sort: fields separated by commas, `-` before those that sort downwards. A field given twice counts
   * where it stands first.
   *
   * @throws UsageError naming the field that is none
   */
  parseSort(text: string): SortKey<Row>[] {
    if (text.trim() === '') return [];
    const keys: SortKey<Row>[] = [];
    for (const word of text.split(',').map((part) => part.trim())) {
      const field = this.find(word.replace(/^[-+]/, ''));
      if (field === undefined) throw this.#unknown('Unrecognised sort field', word);
      if (!keys.some((key) => key.field === field)) keys.push({ field, descending: word.startsWith('-') });
    }
    return keys;
  }

  /** @returns the error of a name that is no field's */
  #unknown(what: string, word: string): UsageError {
    return new UsageError(`${what}: ${word === '' ? 'a name is missing' : word}; "${this.#command}" lists them`);
  }

  /** The fields as text for people. @param types with the type that a selection compares them as */
  help({ types = false }: { readonly types?: boolean } = {}): string {
    const width = Math.max(...this.names.map((name) => name.length));
    const line = (name: string, text: string): string => `  ${name.padEnd(width)} - ${text}\n`;
    const sections = this.groups.map(({ prefix, title }) => {
      const own = this.fields.filter(({ group }) => group === prefix);
      const all = types ? '' : line(`${prefix}_all`, 'All fields of this group.');
      const lines = own.map(({ id, help, kind }) => line(id, types ? `${help} [${KIND_NAMES[kind]}]` : help));
      return `${title}\n${'-'.repeat(title.length)}\n${all}${lines.join('')}`;
    });
    return sections.join('\n');
  }
}

const KIND_NAMES = { number: 'number', size: 'size', string: 'string', list: 'string list' } as const;
