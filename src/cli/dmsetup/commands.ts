import type { Context } from './context.ts';
import type { CommandName } from './option-table.ts';

/** A subcommand: its words in the help, and its code, loaded only when it runs. @returns the exit status */
export interface Command {
  readonly name: CommandName;
  readonly operands: string;
  readonly summary: string;
  /** The least and the most words that it takes. */
  readonly words: readonly [least: number, most: number];
  /** Whether it writes its output itself, and not through `Context.outcome`. */
  readonly reports?: (context: Context) => boolean;
  readonly load: () => Promise<(context: Context) => Promise<number>>;
}

const ANY: readonly [number, number] = [0, Infinity];
const NONE: readonly [number, number] = [0, 0];
const DEVICES = '[<device>...]';
const SOME_DEVICES = '<device>...';

/** The subcommands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'create',
    operands: '<name> [<table_file>]',
    summary: 'make a device, load its table and make it live; the table is read from --table, a file or standard input',
    words: [0, 2],
    load: async () => (await import('./create.ts')).create,
  },
  {
    name: 'remove',
    operands: SOME_DEVICES,
    summary: 'remove devices; of one that is held, tells by whom',
    words: ANY,
    load: async () => (await import('./remove.ts')).remove,
  },
  {
    name: 'remove_all',
    operands: '',
    summary: 'remove all devices that are not open',
    words: NONE,
    load: async () => (await import('./remove.ts')).removeAll,
  },
  {
    name: 'suspend',
    operands: SOME_DEVICES,
    summary: 'hold the I/O of devices back, after what is in flight has ended',
    words: ANY,
    load: async () => (await import('./suspend.ts')).suspend,
  },
  {
    name: 'resume',
    operands: SOME_DEVICES,
    summary: 'make a loaded table live, or let I/O go on',
    words: ANY,
    load: async () => (await import('./suspend.ts')).resume,
  },
  {
    name: 'load',
    operands: '<device> [<table_file>]',
    summary: 'load a table, which the next resume makes live',
    words: [0, 2],
    load: async () => (await import('./load.ts')).load,
  },
  {
    name: 'reload',
    operands: '<device> [<table_file>]',
    summary: 'the same as load',
    words: [0, 2],
    load: async () => (await import('./load.ts')).load,
  },
  {
    name: 'clear',
    operands: SOME_DEVICES,
    summary: 'throw loaded tables away',
    words: ANY,
    load: async () => (await import('./suspend.ts')).clear,
  },
  {
    name: 'wipe_table',
    operands: SOME_DEVICES,
    summary: 'replace tables by one that fails all I/O, after what is in flight has ended',
    words: ANY,
    load: async () => (await import('./wipe-table.ts')).wipeTable,
  },
  {
    name: 'rename',
    operands: '<device> <name_or_uuid>',
    summary: 'rename a device, or with --setuuid give it its uuid',
    words: [1, 2],
    load: async () => (await import('./rename.ts')).rename,
  },
  {
    name: 'message',
    operands: '<device> <sector> <message>...',
    summary: 'send a message to the target at a sector, and print its answer',
    words: [2, Infinity],
    load: async () => (await import('./message.ts')).message,
  },
  {
    name: 'ls',
    operands: '',
    summary:
      'list devices; -o devno|devname|blkdevname; with --tree also active, open, rw, uuid, [no]device, compact, inverted, notrunc, ascii, utf, vt100',
    words: NONE,
    load: async () => (await import('./ls.ts')).ls,
  },
  {
    name: 'info',
    operands: DEVICES,
    summary: 'show the state of devices, with --columns in a report',
    words: ANY,
    reports: ({ options }) => options.has('columns') || options.has('C'),
    load: async () => (await import('./info.ts')).info,
  },
  {
    name: 'deps',
    operands: DEVICES,
    summary: 'show the devices that tables use; -o devno|devname|blkdevname',
    words: ANY,
    load: async () => (await import('./deps.ts')).deps,
  },
  {
    name: 'status',
    operands: DEVICES,
    summary: "show what the targets tell of themselves; a target's own words",
    words: ANY,
    load: async () => (await import('./table.ts')).status,
  },
  {
    name: 'table',
    operands: DEVICES,
    summary: 'show tables in the form in which they are loaded; keys are zeros without --showkeys',
    words: ANY,
    load: async () => (await import('./table.ts')).table,
  },
  {
    name: 'measure',
    operands: DEVICES,
    summary: 'show what IMA would measure',
    words: ANY,
    load: async () => (await import('./table.ts')).measure,
  },
  {
    name: 'wait',
    operands: '<device> [<event_nr>]',
    summary: 'wait until the event number is another one than this (default 0); -v shows it',
    words: [0, 2],
    load: async () => (await import('./wait.ts')).wait,
  },
  {
    name: 'mknodes',
    operands: DEVICES,
    summary: 'make the nodes in /dev/mapper right',
    words: ANY,
    load: async () => (await import('./nodes.ts')).mknodes,
  },
  {
    name: 'mangle',
    operands: DEVICES,
    summary: 'rename devices whose names udev cannot have',
    words: ANY,
    load: async () => (await import('./nodes.ts')).mangleNames,
  },
  {
    name: 'udevcreatecookie',
    operands: '',
    summary: 'make a cookie for several commands to share, and print it',
    words: NONE,
    load: async () => (await import('./udev.ts')).createUdevCookie,
  },
  {
    name: 'udevreleasecookie',
    operands: '[<cookie>]',
    summary: 'wait for all changes of a cookie (default $DM_UDEV_COOKIE) and remove it',
    words: [0, 1],
    load: async () => (await import('./udev.ts')).releaseUdevCookie,
  },
  {
    name: 'udevflags',
    operands: '<cookie>',
    summary: "show the flags in a cookie, for udev's rules",
    words: [1, 1],
    load: async () => (await import('./udev.ts')).udevFlags,
  },
  {
    name: 'udevcomplete',
    operands: '<cookie>',
    summary: "confirm one change; udev's rules call it",
    words: [1, 1],
    load: async () => (await import('./udev.ts')).udevComplete,
  },
  {
    name: 'udevcomplete_all',
    operands: '[<age_in_minutes>]',
    summary: 'with --yes: remove all cookies of at least this age; whoever waits goes on',
    words: [0, 1],
    load: async () => (await import('./udev.ts')).udevCompleteAll,
  },
  {
    name: 'udevcookies',
    operands: '',
    summary: 'list all cookies',
    words: NONE,
    load: async () => (await import('./udev.ts')).udevCookies,
  },
  {
    name: 'target-version',
    operands: '<target>...',
    summary: "show targets' versions; their modules are loaded",
    words: [1, Infinity],
    load: async () => (await import('./targets.ts')).targetVersion,
  },
  {
    name: 'targets',
    operands: '',
    summary: 'show the targets that the kernel has loaded',
    words: NONE,
    load: async () => (await import('./targets.ts')).targets,
  },
  {
    name: 'version',
    operands: '',
    summary: 'show the versions of this package and of the kernel interface',
    words: NONE,
    load: async () => (await import('./targets.ts')).version,
  },
  {
    name: 'setgeometry',
    operands: '<device> <cylinders> <heads> <sectors> <start>',
    summary: 'set the geometry that a device tells old programs',
    words: [4, 5],
    load: async () => (await import('./geometry.ts')).setGeometry,
  },
  {
    name: 'splitname',
    operands: '<name> [<subsystem>]',
    summary: "take a device's name apart (subsystem LVM)",
    words: [1, 2],
    reports: () => true,
    load: async () => (await import('./info.ts')).splitDeviceName,
  },
  {
    name: 'help',
    operands: '[<command>]',
    summary: 'show this help, a command and its options, or with --columns the fields of reports',
    words: [0, 1],
    reports: () => true,
    load: async () => (await import('./help.ts')).help,
  },
];
