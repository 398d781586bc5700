import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';
import { type ListVariable, listVariables, variableOf } from './field-lists.ts';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

const SHARED = `# Completions of device-mapper's commands for fish; written by "dmstats completion fish".

function __devicemapper_devices
    set -l folder /dev
    set -q DM_DEV_DIR; and set folder $DM_DEV_DIR
    for node in $folder/mapper/*
        set -l name (string replace -r '.*/' '' -- $node)
        test "$name" != control; and echo $name
    end
end

# Of a list the last name is completed, what stands before it stays.
function __devicemapper_words
    set -l token (string replace -r '^--[^=]+=' '' -- (commandline -ct) | string replace -r "^['\\"]" '')
    set -l part (string replace -r '.*[^A-Za-z0-9_]' '' -- $token)
    set -l before (string sub -l (math (string length -- $token) - (string length -- $part)) -- $token)
    for name in $argv
        echo -- $before$name
    end
end
`;

function optionLine(start: string, option: CompletedOption, variables: readonly ListVariable[]): string {
  const { name, short, value, choices, takesFile, help } = option;
  const variable = variableOf(variables, option);
  const words = [start, `-l ${name}`, ...(short === undefined ? [] : [`-s ${short}`])];
  if (value !== undefined) words.push(takesFile ? '-r -F' : '-x');
  if (variable !== undefined) words.push(`-a '(__devicemapper_words $${variable})'`);
  if (choices.length > 0) words.push(`-a ${quoted(choices.join(' '))}`);
  return `${words.join(' ')} -d ${quoted(help)}\n`;
}

function commandLines(
  start: string,
  { options, devices, files, words }: CompletedCommand,
  variables: readonly ListVariable[] = [],
): string {
  const lines = options.map((option) => optionLine(start, option, variables));
  if (devices) lines.push(`${start} -a '(__devicemapper_devices)'\n`);
  if (files) lines.push(`${start} -F\n`);
  if (words.length > 0) lines.push(`${start} -a ${quoted(words.join(' '))}\n`);
  return lines.join('');
}

function programText({ program, commands, rest }: CompletedProgram): string {
  const start = `complete -c ${program}`;
  if (commands.length === 0) return `\n${commandLines(start, rest)}`;
  const first = commands.flatMap(({ names, summary }) =>
    names.map((name) => `${start} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}\n`),
  );
  const variables = listVariables(program, commands);
  const lists = variables.map((variable) => `\nset -g ${variable.name} ${variable.words.join(' ')}`);
  const others = commands.map((command) =>
    commandLines(`${start} -n ${quoted(`__fish_seen_subcommand_from ${command.names.join(' ')}`)}`, command, variables),
  );
  return `${lists.join('')}\n${start} -f\n${first.join('')}${others.join('')}`;
}

/** The completions of these programs for fish. */
export function fishCompletion(programs: readonly CompletedProgram[]): string {
  return SHARED + programs.map(programText).join('');
}
