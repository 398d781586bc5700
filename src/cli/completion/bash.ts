import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';
import { type ListVariable, listVariables, variableOf } from './field-lists.ts';

const SHARED = `# Completions of device-mapper's commands for bash; written by "dmstats completion bash".

# Names are compared and quoted here, not by compgen, which would run what stands in them.
_devicemapper_devices() {
  local node name
  for node in "\${DM_DEV_DIR:-/dev}"/mapper/*; do
    name=\${node##*/}
    if [[ -e $node && $name != control && $name == "$1"* ]]; then
      COMPREPLY+=("$(printf %q "$name")")
    fi
  done
}

# Of a list the last name is completed, what stands before it stays.
_devicemapper_words() {
  local list=\${1#[\\'\\"]} name part
  part=\${list##*[!A-Za-z0-9_]}
  for name in $2; do
    if [[ $name == "$part"* ]]; then COMPREPLY+=("\${list%"$part"}$name"); fi
  done
  compopt -o nospace 2>/dev/null
}

_devicemapper_files() {
  local file
  while IFS= read -r file; do
    COMPREPLY+=("$file")
  done < <(compgen -f -- "$1")
  compopt -o filenames 2>/dev/null
}
`;

const words = (option: CompletedOption): string[] => [
  `--${option.name}`,
  ...(option.short === undefined ? [] : [`-${option.short}`]),
];

/** Each option once: those of the same name are the same in all subcommands. */
function optionsOf({ commands, rest }: CompletedProgram): CompletedOption[] {
  const all = [...commands, rest].flatMap(({ options }) => options);
  return [...new Map(all.map((option) => [option.name, option])).values()];
}

function valueCases(options: readonly CompletedOption[]): string {
  const lines = options.flatMap((option) => {
    if (option.value === undefined) return [];
    const pattern = words(option).join(' | ');
    if (option.takesFile) return [`    ${pattern}) _devicemapper_files "$cur"; return ;;`];
    if (option.choices.length === 0) return [`    ${pattern}) return ;;`];
    return [`    ${pattern}) COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$cur")); return ;;`];
  });
  return lines.join('\n');
}

/** The options whose values are lists, by command. */
function listCases(commands: readonly CompletedCommand[], variables: readonly ListVariable[]): string {
  const lines = commands.flatMap(({ names, options }) =>
    options.flatMap((option) => {
      const variable = variableOf(variables, option);
      if (variable === undefined) return [];
      const pattern = names.flatMap((name) => words(option).map((word) => `${name},${word}`)).join(' | ');
      return [`  ${pattern}) _devicemapper_words "$cur" "$${variable}"; return ;;`];
    }),
  );
  return lines.length === 0 ? '' : `  case $command,$prev in\n${lines.join('\n')}\n  esac\n`;
}

function operands({ devices, files, words: given }: CompletedCommand): string[] {
  return [
    ...(given.length > 0 ? [`COMPREPLY=($(compgen -W '${given.join(' ')}' -- "$cur"))`] : []),
    ...(devices ? ['_devicemapper_devices "$cur"'] : []),
    ...(files ? ['_devicemapper_files "$cur"'] : []),
  ];
}

function commandCase(command: CompletedCommand, pattern: string): string {
  const options = command.options.map(({ name }) => `--${name}`).join(' ');
  const other = operands(command).join('; ') || ':';
  return `    ${pattern})
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${options}' -- "$cur")); else ${other}; fi ;;`;
}

function programText(program: CompletedProgram): string {
  const options = optionsOf(program);
  const valued = options.filter(({ value }) => value !== undefined).flatMap(words);
  const names = program.commands.flatMap((command) => command.names);
  const first = { ...program.rest, words: names };
  const cases = [
    ...program.commands.map((command) => commandCase(command, command.names.join(' | '))),
    commandCase(names.length === 0 ? program.rest : first, "''"),
  ];
  const variables = listVariables(program.program, program.commands);
  const lists = variables.map(({ name, words: list }) => `\n${name}='${list.join(' ')}'`);
  return `${lists.join('')}
_${program.program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= index
  COMPREPLY=()
  # "--option=value" comes as three words.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
    ${valued.length === 0 ? "''" : valued.join(' | ')}) [[ \${COMP_WORDS[index + 1]} == '=' ]] && ((index++)); ((index++)) ;;
    -* | '=') ;;
    *) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
${names.length === 0 ? '  command=\n' : ''}${listCases(program.commands, variables)}  case $prev in
${valueCases(options)}
  esac
  case $command in
${cases.join('\n')}
  esac
}
complete -F _${program.program} ${program.program}
`;
}

/** The completions of these programs for bash. */
export function bashCompletion(programs: readonly CompletedProgram[]): string {
  return SHARED + programs.map(programText).join('');
}
