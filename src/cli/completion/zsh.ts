import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';
import { type ListVariable, listVariables, variableOf } from './field-lists.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Text in brackets or before a colon. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function actionOf(option: CompletedOption, variables: readonly ListVariable[]): string {
  const variable = variableOf(variables, option);
  if (variable !== undefined) return `{_devicemapper_words $${variable}}`;
  if (option.takesFile) return '_files';
  return option.choices.length > 0 ? `(${option.choices.join(' ')})` : ' ';
}

function optionSpec(option: CompletedOption, variables: readonly ListVariable[]): string {
  const { name, short, value, help } = option;
  const action = actionOf(option, variables);
  const taken = value === undefined ? '' : `:${escaped(value)}:${action}`;
  const text = `[${escaped(help)}]${taken}`;
  const long = `--${name}${value === undefined ? '' : '='}`;
  if (short === undefined) return quoted(long + text);
  const brief = `-${short}${value === undefined ? '' : '+'}`;
  return `${quoted(`(-${short} --${name})`)}{${brief},${long}}${quoted(text)}`;
}

function operandSpec({ devices, files, words }: CompletedCommand): string[] {
  const kinds = [...(devices ? ['_devicemapper_devices'] : []), ...(files ? ['_files'] : [])];
  if (words.length > 0) return [quoted(`*:word:(${words.join(' ')})`)];
  if (kinds.length === 0) return [];
  return [kinds.length === 1 ? quoted(`*: :${kinds[0]}`) : quoted(`*: :{${kinds.join('; ')}}`)];
}

function argumentsLine(command: CompletedCommand, indent: string, variables: readonly ListVariable[] = []): string {
  const options = command.options.map((option) => optionSpec(option, variables));
  const specs = [...options, ...operandSpec(command)];
  return `_arguments -s${specs.map((spec) => ` \\\n${indent}  ${spec}`).join('')}`;
}

function programText({ program, commands, rest }: CompletedProgram): string {
  if (commands.length === 0) return `\n_devicemapper_${program}() {\n  ${argumentsLine(rest, '  ')}\n}\n`;
  const described = commands.flatMap(({ names, summary }) =>
    names.map((name) => `    ${quoted(`${escaped(name)}:${summary}`)}`),
  );
  const variables = listVariables(program, commands);
  const lists = variables.map(({ name, words }) => `\n${name}=(${words.join(' ')})`);
  const cases = commands.map(
    (command) => `  ${command.names.join('|')})\n    ${argumentsLine(command, '    ', variables)} ;;`,
  );
  return `${lists.join('')}
_devicemapper_${program}() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
  esac
}
`;
}

/** The completions of these programs for zsh. */
export function zshCompletion(programs: readonly CompletedProgram[]): string {
  const names = programs.map(({ program }) => program);
  const choices = names.map((name) => `${name}) _devicemapper_${name} ;;`);
  return `#compdef ${names.join(' ')}
# Completions of device-mapper's commands for zsh; written by "dmstats completion zsh".

_devicemapper_devices() {
  local -a names
  names=(\${DM_DEV_DIR:-/dev}/mapper/*(N:t))
  compadd -- \${names:#control}
}

# Of a list the last name is completed, what stands before it stays.
_devicemapper_words() {
  compset -P '*[^A-Za-z0-9_]'
  compadd -S '' -- "$@"
}
${programs.map(programText).join('')}
# In a file of fpath this is the function itself; else it is made known.
_devicemapper() {
  case $service in
  ${choices.join('\n  ')}
  esac
}
if [[ $funcstack[1] == _* ]]; then _devicemapper "$@"; else compdef _devicemapper ${names.join(' ')}; fi
`;
}
