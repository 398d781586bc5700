/** Manual pages from the tables that commands read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OptionSpec } from '../src/cli/command-line.ts';
import { ownOptions } from '../src/cli/option-help.ts';

/** Text as roff has it: a dash is a minus, a backslash and a leading dot are themselves, all is ASCII. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(/[^\n -~]/gu, (letter) => `\\[u${letter.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`);
}

/** Text in bold. */
export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;

/** An option with what it does, and the subcommands that take it. */
export function optionItem({ name, short, value, help, commands }: OptionSpec<string>): string {
  const words = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${name}`)].join(', ');
  const place = commands === 'any' ? '' : ` (${commands.join(', ')})`;
  return `.TP\n${words}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}\n${roff(help + place)}\n`;
}

/** Options for people: without those that have no effect. */
export function shownOptions<Name extends string>(options: readonly OptionSpec<Name>[]): OptionSpec<Name>[] {
  return options.filter((option) => option.ignored !== true);
}

/** Subcommands with what they do and the options that they take. */
export function commandItems<Name extends string>(
  commands: readonly {
    readonly name: Name;
    readonly alias?: string;
    readonly operands: string;
    readonly summary: string;
  }[],
  options: readonly OptionSpec<Name>[],
): string {
  const items = commands.map(({ name, alias, operands, summary }) => {
    const own = ownOptions(shownOptions(options), name).map((option) => bold(`--${option.name}`));
    const taken = own.length === 0 ? '' : `\nOptions: ${own.join(', ')}.`;
    const names = [name, ...(alias === undefined ? [] : [alias])].map(bold).join(', ');
    return `.TP\n${names}${operands === '' ? '' : ` ${roff(operands)}`}\n${roff(summary)}.${taken}\n`;
  });
  return items.join('');
}

/** Writes a page to docs/man when its script is the program that runs. */
export function writePage(script: string, name: string, page: () => string): void {
  if (script !== pathToFileURL(process.argv[1] ?? '').href) return;
  const folder = fileURLToPath(new URL('../../docs/man/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}`, page());
}
