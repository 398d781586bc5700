import type { FieldTable } from '../../report/field-table.ts';
import type { CompletedCommand, CompletedOption } from './completed.ts';

/** The words that may stand in a report's list of fields, in its keys and in its selection, by the option. */
export function fieldWords<Row>(table: FieldTable<Row>, option: string): readonly string[] {
  if (option === 'options') return [...table.names, 'all', 'help'];
  if (option === 'sort' || option === 'select') return [...table.fields.map(({ id }) => id), 'help'];
  return [];
}

/** A list under the name of a variable in a script. */
export interface ListVariable {
  readonly name: string;
  readonly words: readonly string[];
}

/** All lists of a program's options, each once. */
export function listVariables(program: string, commands: readonly CompletedCommand[]): ListVariable[] {
  const lists = commands.flatMap(({ options }) => options.map(({ list }) => list)).filter((list) => list.length > 0);
  const byText = new Map(lists.map((list) => [list.join(' '), list]));
  return [...byText.values()].map((words, index) => ({ name: `_${program}_words_${index}`, words }));
}

/** The name of the variable that has an option's list; undefined when it has none. */
export function variableOf(variables: readonly ListVariable[], { list }: CompletedOption): string | undefined {
  const text = list.join(' ');
  return variables.find(({ words }) => words.join(' ') === text)?.name;
}
