import type { CompletedCommand, CompletedOption, CompletedProgram } from './completed.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Text in brackets or before a colon. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function optionSpec({ name, short, value, choices, takesFile, help }: CompletedOption): string {
  const action = takesFile ? '_files' : choices.length > 0 ? `(${choices.join(' ')})` : ' ';
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

function argumentsLine(command: CompletedCommand, indent: string): string {
  const specs = [...command.options.map(optionSpec), ...operandSpec(command)];
  return `_arguments -s${specs.map((spec) => ` \\\n${indent}  ${spec}`).join('')}`;
}

function programText({ program, commands, rest }: CompletedProgram): string {
  if (commands.length === 0) return `\n_devicemapper_${program}() {\n  ${argumentsLine(rest, '  ')}\n}\n`;
  const described = commands.flatMap(({ names, summary }) =>
    names.map((name) => `    ${quoted(`${escaped(name)}:${summary}`)}`),
  );
  const cases = commands.map((command) => `  ${command.names.join('|')})\n    ${argumentsLine(command, '    ')} ;;`);
  return `
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
