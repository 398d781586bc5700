import { ignoredOption, type OptionSpec } from '../command-line.ts';

/** The names of the subcommands, but for `stats`, which is dmstats. */
export type CommandName =
  | 'clear'
  | 'create'
  | 'deps'
  | 'help'
  | 'info'
  | 'load'
  | 'ls'
  | 'mangle'
  | 'measure'
  | 'message'
  | 'mknodes'
  | 'reload'
  | 'remove'
  | 'remove_all'
  | 'rename'
  | 'resume'
  | 'setgeometry'
  | 'splitname'
  | 'status'
  | 'suspend'
  | 'table'
  | 'target-version'
  | 'targets'
  | 'udevcomplete'
  | 'udevcomplete_all'
  | 'udevcookies'
  | 'udevcreatecookie'
  | 'udevflags'
  | 'udevreleasecookie'
  | 'version'
  | 'wait'
  | 'wipe_table';

const REPORTS = ['info', 'splitname'] as const;
const CHANGES = ['create', 'mangle', 'remove', 'remove_all', 'rename', 'resume', 'wipe_table'] as const;
const NODES = ['create', 'resume'] as const;
const FLUSHES = ['remove', 'remove_all', 'resume', 'status', 'suspend', 'wait', 'wipe_table'] as const;
const FREEZES = ['remove', 'remove_all', 'resume', 'suspend', 'wipe_table'] as const;
const TARGETS = ['ls', 'status', 'table'] as const;

/** All options, in the order of the help. */
export const OPTIONS: readonly OptionSpec<CommandName>[] = [
  {
    name: 'addnodeoncreate',
    commands: NODES,
    help: 'make the node in /dev/mapper with the device, also without a table',
  },
  { name: 'addnodeonresume', commands: NODES, help: 'make the node with the first resume (the default)' },
  {
    name: 'columns',
    short: 'c',
    commands: ['info', 'help', 'ls', 'splitname'],
    help: 'a report in columns; with help: its fields',
  },
  { name: 'concise', commands: ['create', 'table'], help: 'devices as name,uuid,minor,flags,table[,table...][;...]' },
  {
    name: 'count',
    value: 'count',
    commands: ['info'],
    help: 'so many reports, 0 for no end; with -c',
  },
  { name: 'csv', commands: REPORTS, help: 'comma-separated values in SI units' },
  {
    name: 'deferred',
    commands: ['remove', 'remove_all'],
    help: 'let a device that is open go when its last user closes it',
  },
  {
    name: 'exec',
    value: 'command',
    commands: ['ls'],
    help: 'run a command with the path of each device for its last word',
  },
  { name: 'force', short: 'f', commands: 'any', help: 'replace the table by one that fails all I/O, before a removal' },
  { name: 'gid', short: 'G', value: 'gid', commands: ['create'], help: 'the group of the node' },
  { name: 'headings', value: 'none|abbrev|full', commands: REPORTS, help: 'no headings, short ones, names of fields' },
  { name: 'help', short: 'h', commands: 'any', help: 'show help' },
  { name: 'inactive', commands: 'any', help: 'tell of the table that waits for a resume, not of the live one' },
  {
    name: 'interval',
    value: 'seconds',
    commands: ['info'],
    help: 'a report each so many seconds, without end unless --count says so; with -c',
  },
  { name: 'json', commands: 'any', help: 'one JSON object in place of text' },
  { name: 'json-lines', commands: 'any', help: 'a JSON object a line' },
  { name: 'major', short: 'j', value: 'number', commands: 'any', help: "the device's major number" },
  {
    name: 'manglename',
    value: 'auto|hex|none',
    commands: 'any',
    help: 'how characters that udev cannot have in names are written',
  },
  { name: 'minor', short: 'm', value: 'number', commands: 'any', help: "the device's minor number" },
  { name: 'mode', short: 'M', value: 'octal', commands: ['create'], help: 'the permissions of the node (default 600)' },
  { name: 'nameprefixes', commands: REPORTS, help: "DM_FIELD='value' in place of the value, for shells" },
  { name: 'noflush', commands: FLUSHES, help: 'suspend without a flush; status of thin pools without a commit' },
  { name: 'noheadings', commands: REPORTS, help: 'no headings, fields separated by ":"' },
  { name: 'nolockfs', commands: FREEZES, help: 'suspend without freezing the file system' },
  { name: 'notable', short: 'n', commands: ['create'], help: 'load no table' },
  { name: 'noudevrules', commands: CHANGES, help: 'udev makes no nodes: they are made here' },
  { name: 'noudevsync', commands: CHANGES, help: 'do not wait for udev' },
  {
    name: 'options',
    short: 'o',
    value: 'options',
    commands: ['deps', 'info', 'ls', 'splitname'],
    help: 'what to show: fields of a report, or words',
  },
  {
    name: 'readahead',
    value: '[+]sectors|auto|none',
    commands: NODES,
    help: 'sectors to read ahead; +sectors for at least so many',
  },
  { name: 'readonly', short: 'r', commands: ['create', 'load', 'reload'], help: 'load the table read-only' },
  { name: 'retry', commands: ['remove'], help: 'try for five seconds while something has the device open' },
  { name: 'rows', commands: REPORTS, help: 'a line for each field in place of one for each row' },
  { name: 'select', short: 'S', value: 'selection', commands: REPORTS, help: 'the rows to show; help lists how' },
  { name: 'separator', value: 'text', commands: REPORTS, help: 'what stands between fields, in place of alignment' },
  { name: 'setuuid', commands: ['rename'], help: 'the new word is the uuid of a device that has none' },
  { name: 'showkeys', commands: ['table'], help: 'show keys in place of zeros' },
  { name: 'sort', short: 'O', value: 'fields', commands: REPORTS, help: 'sort by these fields, -field downwards' },
  {
    name: 'table',
    value: 'table',
    commands: ['create', 'load', 'reload'],
    help: 'the table itself; lines end with a line feed',
  },
  { name: 'target', value: 'type', commands: TARGETS, help: 'only targets of this type' },
  { name: 'tree', commands: ['ls'], help: 'show what stands on what' },
  {
    name: 'udevcookie',
    value: 'cookie',
    commands: CHANGES,
    help: 'take part in this cookie and leave the wait to its maker',
  },
  { name: 'uid', short: 'U', value: 'uid', commands: ['create'], help: 'the owner of the node' },
  { name: 'unquoted', commands: REPORTS, help: 'with --nameprefixes: no quotes' },
  { name: 'uuid', short: 'u', value: 'uuid', commands: 'any', help: "the device's uuid" },
  { name: 'verbose', short: 'v', commands: 'any', help: 'show the device too' },
  { name: 'verifyudev', commands: 'any', help: 'make nodes right that udev has not made' },
  { name: 'version', commands: 'any', help: 'show versions' },
  { name: 'yes', short: 'y', commands: 'any', help: 'yes to the question of udevcomplete_all' },
  ignoredOption('C', 'C'),
  ignoredOption('checks'),
  ignoredOption('noopencount'),
  ignoredOption('units', undefined, 'units'),
];
