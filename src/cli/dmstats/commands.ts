import type { Context } from './context.ts';
import type { CommandName } from './option-table.ts';

/** A subcommand: its words in the help, and its code, loaded only when it runs. @returns the exit status */
export interface Command {
  readonly name: CommandName;
  /** Another name for it. */
  readonly alias?: string;
  readonly operands: string;
  readonly summary: string;
  /** Whether it tells what it did through `Context.outcome`. */
  readonly acts?: true;
  readonly load: () => Promise<(context: Context) => Promise<number>>;
}

const DEVICES = '[<device>...]';
const SOME_DEVICES = '--alldevices|<device>...';

/** The subcommands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'create',
    operands: `${SOME_DEVICES}|--filemap <file>...`,
    summary: 'create a region; with --filemap regions for the extents of files',
    acts: true,
    load: async () => (await import('./create.ts')).create,
  },
  {
    name: 'delete',
    operands: SOME_DEVICES,
    summary: 'delete regions (--regionid, --allregions) or a group with its regions (--groupid)',
    acts: true,
    load: async () => (await import('./delete.ts')).deleteRegions,
  },
  {
    name: 'clear',
    operands: DEVICES,
    summary: 'set the counters of regions to zero (--regionid, --allregions)',
    acts: true,
    load: async () => (await import('./clear.ts')).clear,
  },
  {
    name: 'print',
    operands: DEVICES,
    summary: "show regions' counters in the kernel's own words (--regionid, --allregions)",
    load: async () => (await import('./print.ts')).print,
  },
  {
    name: 'list',
    operands: DEVICES,
    summary: 'show regions and groups; -v areas too',
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'report',
    operands: DEVICES,
    summary: 'show rates and times, once since the last clear, or of each interval (--interval)',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'watch',
    alias: 'top',
    operands: DEVICES,
    summary: 'show files and devices live on the terminal, the worst first (--sort, --interval, --simulate)',
    load: async () => (await import('./watch.ts')).watch,
  },
  {
    name: 'metrics',
    operands: '',
    summary: 'write all counters once, in the format of Prometheus (--format, --output)',
    load: async () => (await import('./metrics.ts')).metrics,
  },
  {
    name: 'serve',
    operands: '[<file>...]',
    summary: 'serve a page with live charts, and /metrics for Prometheus (--listen, --token, --simulate)',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'group',
    operands: SOME_DEVICES,
    summary: 'make a group of regions (--regions)',
    acts: true,
    load: async () => (await import('./group.ts')).group,
  },
  {
    name: 'ungroup',
    operands: SOME_DEVICES,
    summary: 'end a group and keep its regions (--groupid)',
    acts: true,
    load: async () => (await import('./ungroup.ts')).ungroup,
  },
  {
    name: 'update_filemap',
    operands: '<file>',
    summary: "bring a file's group up to date (--groupid)",
    acts: true,
    load: async () => (await import('./update-filemap.ts')).updateFilemap,
  },
  {
    name: 'completion',
    operands: '<shell>',
    summary: 'write completions for bash, zsh or fish; bash: source <(dmstats completion bash)',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: 'version',
    operands: '',
    summary: 'show the versions of this package and of the kernel interface',
    load: async () => (await import('./version.ts')).version,
  },
  {
    name: 'help',
    operands: '[<command>]',
    summary: 'show this help, a command and its options, or with --columns the fields of reports',
    load: async () => (await import('./help.ts')).help,
  },
];

/** A subcommand by its name. */
export function commandNamed(name: CommandName): Command {
  return COMMANDS.find((command) => command.name === name) as Command;
}

/** A subcommand by a word of the command line; undefined when there is none. */
export function commandCalled(word: string): Command | undefined {
  return COMMANDS.find(({ name, alias }) => name === word || alias === word);
}
