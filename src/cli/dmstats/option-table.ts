import { ignoredOption, type OptionSpec } from '../command-line.ts';

/** The subcommands that take a kind of option. */
const REPORTS = ['list', 'report'] as const;
const REGIONS = ['clear', 'delete', 'print'] as const;
const RECORDING = [
  'clear',
  'create',
  'delete',
  'group',
  'list',
  'print',
  'report',
  'ungroup',
  'update_filemap',
] as const;
const MONITORED = ['create', 'update_filemap'] as const;
const DEVICES = ['clear', 'create', 'delete', 'group', 'list', 'print', 'report', 'ungroup', 'watch'] as const;
const READ_ONLY = ['metrics', 'serve'] as const;
const PROGRAMS = [...DEVICES, ...READ_ONLY] as const;

/** The names of the subcommands. */
export type CommandName =
  | 'clear'
  | 'completion'
  | 'create'
  | 'delete'
  | 'group'
  | 'help'
  | 'list'
  | 'metrics'
  | 'print'
  | 'report'
  | 'serve'
  | 'ungroup'
  | 'update_filemap'
  | 'version'
  | 'watch';

const SIZE = 'size[bskmgtpeKMGTPE]';

/** All options, in the order of the help. */
export const OPTIONS: readonly OptionSpec<CommandName>[] = [
  { name: 'alias', value: 'name', commands: ['create', 'group'], help: 'the name of the new group' },
  { name: 'alldevices', commands: DEVICES, help: 'all device-mapper devices' },
  { name: 'allprograms', commands: PROGRAMS.filter((name) => name !== 'create'), help: 'regions of all programs' },
  { name: 'allregions', commands: [...REGIONS, ...REPORTS], help: 'all regions' },
  { name: 'area', commands: REPORTS, help: 'show areas' },
  { name: 'areas', value: 'count', commands: ['create'], help: 'cut the region into so many areas' },
  { name: 'areasize', value: SIZE, commands: ['create'], help: 'cut the region into areas of this size' },
  {
    name: 'bounds',
    value: 'list',
    commands: ['create', 'update_filemap'],
    help: 'bounds of a latency histogram, such as 10ms,20ms',
  },
  { name: 'clear', commands: ['print'], help: 'take what is printed off the counters' },
  { name: 'count', value: 'count', commands: ['report'], help: 'so many reports, 0 for no end' },
  { name: 'csv', commands: [...REPORTS, 'print'], help: 'comma-separated values in SI units' },
  {
    name: 'dry-run',
    commands: ['create'],
    added: true,
    help: 'with --filemap: show what would be created and its cost, create nothing',
  },
  { name: 'filemap', commands: ['create'], help: 'create regions for the extents of files' },
  { name: 'follow', value: 'inode|path', commands: MONITORED, help: 'what dmfilemapd follows (default inode)' },
  { name: 'force', short: 'f', commands: 'any', help: 'create a region that belongs to no program' },
  { name: 'foreground', commands: MONITORED, help: 'run dmfilemapd in the foreground' },
  {
    name: 'format',
    value: 'prometheus|openmetrics',
    commands: ['metrics'],
    added: true,
    help: 'the text format (default prometheus)',
  },
  { name: 'group', commands: REPORTS, help: 'show groups' },
  { name: 'groupid', value: 'id', commands: ['delete', 'ungroup', 'update_filemap'], help: 'the group' },
  { name: 'headings', value: 'none|abbrev|full', commands: REPORTS, help: 'no headings, short ones, names of fields' },
  { name: 'help', short: 'h', commands: 'any', help: 'show help' },
  { name: 'histogram', commands: REPORTS, help: 'fields of the latency histogram' },
  {
    name: 'interval',
    value: 'seconds',
    commands: ['report', 'serve', 'watch'],
    help: 'repeat after so many seconds, such as 5 or 0.5',
  },
  { name: 'length', value: SIZE, commands: ['create'], help: "the region's length (default: to the device's end)" },
  {
    name: 'level',
    value: 'device',
    commands: MONITORED,
    added: true,
    help: 'with files: count on this device below the file system (default: the uppermost)',
  },
  {
    name: 'listen',
    value: 'host:port',
    commands: ['serve'],
    added: true,
    help: 'the address to serve on (default 127.0.0.1:9860)',
  },
  { name: 'major', short: 'j', value: 'number', commands: DEVICES, help: "the device's major number" },
  { name: 'minor', short: 'm', value: 'number', commands: DEVICES, help: "the device's minor number" },
  { name: 'json', commands: RECORDING, help: 'one JSON object in place of text, with values in SI units' },
  { name: 'json-lines', commands: RECORDING, help: 'a JSON object a line' },
  {
    name: 'max-regions',
    value: 'count',
    commands: MONITORED,
    added: true,
    help: 'with more extents than this, near ones share regions (default 256; then only if it saves memory)',
  },
  { name: 'nameprefixes', commands: REPORTS, help: "DM_FIELD='value' in place of the value, for shells" },
  { name: 'no-look-ahead', commands: MONITORED, help: 'no regions over free space: growth counts from its mapping on' },
  { name: 'nogroup', commands: ['create'], help: 'make no group of the new regions' },
  { name: 'noheadings', commands: REPORTS, help: 'no headings, fields separated by ":"' },
  { name: 'nomonitor', commands: MONITORED, help: 'do not start dmfilemapd' },
  { name: 'nosuffix', commands: REPORTS, help: 'sizes without a unit, with --units other than h and H' },
  { name: 'notimesuffix', commands: REPORTS, help: 'histogram bounds in nanoseconds' },
  { name: 'options', short: 'o', value: 'fields', commands: REPORTS, help: 'the fields to show; +fields to add some' },
  {
    name: 'output',
    value: 'file',
    commands: ['metrics'],
    added: true,
    help: 'replace this file in place of writing to the terminal',
  },
  {
    name: 'preallocate',
    value: SIZE,
    commands: MONITORED,
    added: true,
    help: 'have dmfilemapd keep so much reserved past the end of the file; this changes how it is laid out',
  },
  { name: 'precise', commands: ['create', 'update_filemap'], help: 'count times in nanoseconds' },
  {
    name: 'programid',
    value: 'id',
    commands: PROGRAMS,
    help: 'the program that regions belong to (default dmstats; metrics, serve, watch: all)',
  },
  { name: 'raw', commands: ['report'], help: 'show the counters themselves' },
  { name: 'region', commands: REPORTS, help: 'show regions' },
  { name: 'regionid', value: 'id', commands: [...REGIONS, ...REPORTS], help: 'the region' },
  { name: 'regions', value: 'list', commands: ['group'], help: 'the regions of the new group, such as 0,2-5' },
  { name: 'relative', commands: ['report'], help: 'histograms in percent' },
  { name: 'rows', commands: REPORTS, help: 'a line for each field in place of one for each row' },
  { name: 'segments', commands: ['create'], help: "one region for each segment of the device's table" },
  { name: 'select', short: 'S', value: 'selection', commands: REPORTS, help: 'the rows to show; help lists how' },
  { name: 'separator', value: 'text', commands: REPORTS, help: 'what stands between fields, in place of alignment' },
  {
    name: 'simulate',
    commands: ['serve', 'watch'],
    added: true,
    help: 'show simulated devices: needs no root and no device',
  },
  {
    name: 'sort',
    short: 'O',
    value: 'fields',
    commands: [...REPORTS, 'watch'],
    help: 'sort by these fields, -field downwards; watch: util, wait, p99, iops, bytes or name',
  },
  { name: 'start', value: SIZE, commands: ['create'], help: "the region's start (default 0)" },
  {
    name: 'token',
    value: 'text',
    commands: ['serve'],
    added: true,
    help: 'what clients must know; needed for addresses of a network',
  },
  { name: 'units', value: 'unit', commands: REPORTS, help: 'the unit of sizes: hHbBsSkKmMgGtTpPeE (default h)' },
  { name: 'unquoted', commands: REPORTS, help: 'with --nameprefixes: no quotes' },
  { name: 'userdata', value: 'text', commands: ['create'], help: 'text to keep with the region' },
  { name: 'uuid', short: 'u', value: 'uuid', commands: DEVICES, help: "the device's uuid" },
  { name: 'verbose', short: 'v', commands: 'any', help: 'show more' },
  { name: 'version', commands: 'any', help: 'show versions' },
  { name: 'columns', short: 'c', commands: 'any', help: 'with help: list the fields' },
  // Options of dmsetup that scripts pass to dmstats too.
  ignoredOption('C', 'C'),
  ignoredOption('checks'),
  ignoredOption('inactive'),
  ignoredOption('manglename', undefined, 'mode'),
  ignoredOption('noopencount'),
  ignoredOption('noudevrules'),
  ignoredOption('noudevsync'),
  ignoredOption('readonly', 'r'),
  ignoredOption('unbuffered'),
  ignoredOption('verifyudev'),
  ignoredOption('yes', 'y'),
];
