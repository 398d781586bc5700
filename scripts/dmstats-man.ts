/** Writes docs/man/dmstats.8 from the tables that the command itself reads. */
import { COMMANDS } from '../src/cli/dmstats/commands.ts';
import { EXAMPLES } from '../src/cli/dmstats/examples.ts';
import { DEVICE_HELP } from '../src/cli/dmstats/help.ts';
import { OPTIONS } from '../src/cli/dmstats/option-table.ts';
import { STATS_FIELDS } from '../src/report/stats-fields.ts';
import { HELP_LINES } from '../src/watch/help.ts';
import { bold, commandItems, optionItem, roff, shownOptions, writePage } from './roff.ts';

function fieldItems(): string {
  const sections = STATS_FIELDS.groups.map(({ prefix, title }) => {
    const own = STATS_FIELDS.fields.filter(({ group }) => group === prefix);
    const items = own.map(({ id, heading, help }) => `.TP\n${bold(id)} (${roff(heading)})\n${roff(help)}\n`);
    return `.SS ${roff(title)}\n${items.join('')}`;
  });
  return sections.join('');
}

function exampleItems(): string {
  const examples = COMMANDS.flatMap(({ name }) => EXAMPLES[name]);
  return examples.map(({ line, what }) => `.TP\n${roff(what)}:\n.nf\n${roff(line)}\n.fi\n`).join('');
}

/** The manual page. */
export function manualPage(): string {
  const [, ...keys] = HELP_LINES;
  return `.TH DMSTATS 8 "" "devicemapper" "System Administration"
.SH NAME
dmstats \\- count and show the I/O of device\\-mapper devices and of files on them
.SH SYNOPSIS
.B dmstats
\\fIcommand\\fR [\\fIoptions\\fR] [\\fIdevice\\fR ...]
.SH DESCRIPTION
The kernel counts the I/O of regions of a device: how many reads and writes, how large, how long, and, with a histogram,
how many took how long. A region may be cut into areas, and regions may be put into groups with a name. A file is a group:
regions over its extents, which
.BR dmfilemapd (8)
keeps true.
.PP
A file is counted on the uppermost device\\-mapper device that has its data: through an overlay, loop devices and partitions.
${bold('--level')} counts it on a device below that, as far as linear, striped and crypt devices lead there; what cannot be
mapped is refused with the reason, and ${bold('--verbose')} says which file and device the data is on.
.PP
Nothing that is shown is taken off the counters: any number of reports, views and scrapers see everything.
.PP
${roff(DEVICE_HELP)}.PP
What is not said here is as in Debian's dmstats 1.02.185; docs/differences.md of the package lists what is not.
.SH COMMANDS
${commandItems(COMMANDS, OPTIONS)}.SH OPTIONS
${shownOptions(OPTIONS).map(optionItem).join('')}.SH KEYS OF WATCH
.nf${keys.map((line) => `\n${roff(line)}`).join('')}
.fi
.SH FIELDS
For \\fB\\-\\-options\\fR, \\fB\\-\\-sort\\fR and \\fB\\-\\-select\\fR of list and report. Case and underscores do not matter, and the
prefix of a group of fields may be left out; ${bold('all')} means all fields.
${fieldItems()}.SH EXAMPLES
${exampleItems()}.SH EXIT STATUS
0 when all was done, 1 when something failed, 130 when interrupted. A command that fails half\\-way tells what it has done.
.SH ENVIRONMENT
.TP
.B DM_DEV_DIR
the folder of device nodes, /dev
.TP
.B DM_DEFAULT_NAME_MANGLING_MODE
how names that udev does not allow are written
.TP
.B DMSTATS_TOKEN
the default of ${bold('--token')}
.TP
.BR LC_ALL ", " LC_CTYPE ", " LANG
whether watch draws with characters beyond ASCII
.SH SEE ALSO
.BR dmfilemapd (8),
.BR dmsetup (8)
`;
}

writePage(import.meta.url, 'dmstats.8', manualPage);
