import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';

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
  return `
_${program.program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= index
  COMPREPLY=()
  # "--option=value" comes as three words.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $prev in
${valueCases(options)}
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
    ${valued.length === 0 ? "''" : valued.join(' | ')}) [[ \${COMP_WORDS[index + 1]} == '=' ]] && ((index++)); ((index++)) ;;
    -* | '=') ;;
    *) command=\${COMP_WORDS[index]}; break ;;
    esac
  done
${names.length === 0 ? '  command=\n' : ''}  case $command in
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
