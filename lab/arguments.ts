import { type KernelSeries, kernelSeries } from './kernel-package.ts';
import { LabError } from './lab-error.ts';

export const usage = `usage: lab [OPTION]... COMMAND [WORD]...   boot a guest, run COMMAND in it as root, end it
       lab [OPTION]... up                    boot a guest and keep it
       lab [OPTION]... run COMMAND [WORD]... run COMMAND in the kept guest
       lab down                              end the kept guest
       lab status                            tell whether there is one (exit status 0) or not (1)
       lab [OPTION]... install               fetch what the lab needs, boot nothing
       lab [OPTION]... test FILE...          run files of tests, each within the time limit, in two guests at once
options: --timeout SECONDS (600)  --kernel ${kernelSeries.join('|')} (6.1)  --memory MIB (3072)  --help
The exit status is COMMAND's; 124 at the time limit, 125 when the lab itself fails.
`;

export interface LabArguments {
  readonly action: 'once' | 'up' | 'run' | 'down' | 'status' | 'install' | 'test' | 'help';
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly kernel: KernelSeries;
  readonly memoryMib: number;
}

const actions = ['up', 'run', 'down', 'status', 'install', 'test'] as const;

export function parseArguments(words: readonly string[]): LabArguments {
  let timeoutMs = 600_000;
  let kernel: KernelSeries = '6.1';
  let memoryMib = 3072;
  let next = 0;
  for (; words[next]?.startsWith('--') && words[next] !== '--'; next++) {
    const option = words[next] ?? '';
    if (option === '--help') return { action: 'help', command: [], timeoutMs, kernel, memoryMib };
    const value = words[++next] ?? '';
    if (option === '--timeout') timeoutMs = positive(option, value) * 1000;
    else if (option === '--memory') memoryMib = Math.trunc(positive(option, value));
    else if (option === '--kernel') kernel = series(value);
    else throw new LabError(`unknown option ${option}; try --help`);
  }
  const first = words[next];
  const action = actions.find((name) => name === first) ?? 'once';
  if (action !== 'once') next++;
  if (words[next] === '--') next++;
  const command = words.slice(next);
  const takesCommand = action === 'once' || action === 'run' || action === 'test';
  if (takesCommand && command.length === 0) throw new LabError('no command given; try --help');
  if (!takesCommand && command.length > 0) throw new LabError(`${action} takes no command`);
  return { action, command, timeoutMs, kernel, memoryMib };
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 2 ** 20)) throw new LabError(`${option}: not a positive number: ${value}`);
  return number;
}

function series(value: string): KernelSeries {
  const found = kernelSeries.find((name) => name === value);
  if (!found) throw new LabError(`--kernel: one of ${kernelSeries.join(', ')}, not ${value}`);
  return found;
}
