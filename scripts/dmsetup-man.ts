/** Writes docs/man/dmsetup.8 from the tables that the command itself reads. */
import { COMMANDS } from '../src/cli/dmsetup/commands.ts';
import { DEVICE_HELP } from '../src/cli/dmsetup/help.ts';
import { OPTIONS } from '../src/cli/dmsetup/option-table.ts';
import { bold, commandItems, optionItem, roff, shownOptions, writePage } from './roff.ts';

/** The manual page. */
export function manualPage(): string {
  return `.TH DMSETUP 8 "" "devicemapper" "System Administration"
.SH NAME
dmsetup \\- make, change, show and remove device\\-mapper devices
.SH SYNOPSIS
.B dmsetup
\\fIcommand\\fR [\\fIoptions\\fR] [\\fIdevice\\fR ...]
.SH DESCRIPTION
${roff(DEVICE_HELP)}.PP
What is not said here is as in Debian's dmsetup 1.02.185; docs/differences.md of the package lists what is not.
.SH COMMANDS
${commandItems(COMMANDS, OPTIONS)}.TP
${bold('stats')} ...
${roff('the same as dmstats')}.
.SH OPTIONS
${shownOptions(OPTIONS).map(optionItem).join('')}.SH TABLES
A line for each target: start and length on the device in sectors of 512 bytes, the target's type, its parameters. Empty
lines and those that begin with # are left out.
.SH EXIT STATUS
0 when all was done, 1 when something failed, 130 when interrupted. A command that fails half\\-way tells what it has done.
.SH ENVIRONMENT
.TP
.B DM_DEV_DIR
the folder of device nodes, /dev
.TP
.B DM_DEFAULT_NAME_MANGLING_MODE
the default of ${bold('--manglename')}
.TP
.B DM_UDEV_COOKIE
the default of ${bold('--udevcookie')}
.TP
.B DM_DISABLE_UDEV
when set, nodes are made here and udev is not waited for
.SH EXAMPLES
.nf
${roff(`dmsetup create joined --table '0 1028160 linear /dev/sda 0
1028160 3903762 linear /dev/sdb 0'
dmsetup table --concise joined
dmsetup status --json joined
dmsetup remove --retry joined`)}
.fi
`;
}

writePage(import.meta.url, 'dmsetup.8', manualPage);
