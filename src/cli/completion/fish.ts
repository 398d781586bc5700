import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';

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
`;

function optionLine(start: string, { name, short, value, choices, takesFile, help }: CompletedOption): string {
  const words = [start, `-l ${name}`, ...(short === undefined ? [] : [`-s ${short}`])];
  if (value !== undefined) words.push(takesFile ? '-r -F' : '-x');
  if (choices.length > 0) words.push(`-a ${quoted(choices.join(' '))}`);
  return `${words.join(' ')} -d ${quoted(help)}\n`;
}

function commandLines(start: string, { options, devices, files, words }: CompletedCommand): string {
  const lines = options.map((option) => optionLine(start, option));
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
  const others = commands.map((command) =>
    commandLines(`${start} -n ${quoted(`__fish_seen_subcommand_from ${command.names.join(' ')}`)}`, command),
  );
  return `\n${start} -f\n${first.join('')}${others.join('')}`;
}

/** The completions of these programs for fish. */
export function fishCompletion(programs: readonly CompletedProgram[]): string {
  return SHARED + programs.map(programText).join('');
}
