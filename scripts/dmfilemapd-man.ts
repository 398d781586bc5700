/** Writes docs/man/dmfilemapd.8 from the tables that the command's help is made of. */
import { COMMANDS, OPTIONS as SERVICE_OPTIONS } from '../src/cli/dmfilemapd/help.ts';
import { OPERANDS, OPTIONAL_OPERANDS, OPTIONS, operandText } from '../src/cli/dmfilemapd/words.ts';
import { optionItem, roff, writePage } from './roff.ts';

/** The manual page. */
export function manualPage(): string {
  const operands = [...OPERANDS, ...OPTIONAL_OPERANDS].map(
    ({ name, help }) => `.TP\n\\fI${roff(name)}\\fR\n${roff(help)}\n`,
  );
  return `.TH DMFILEMAPD 8 "" "devicemapper" "System Administration"
.SH NAME
dmfilemapd \\- keep the device\\-mapper statistics of a file true while it changes
.SH SYNOPSIS
.B dmfilemapd
[\\fIoptions\\fR] ${roff(operandText())}
.br
.B dmfilemapd
\\fIcommand\\fR [\\fIoptions\\fR]
.SH DESCRIPTION
Follows a file on a device\\-mapper volume, and keeps the regions of its group, which
.B dmstats create \\-\\-filemap
has made, over its extents: when it grows, shrinks, is moved within the file system or defragmented, and with
.I mode
path when it is replaced; when an overlay copies it up, or the image behind its loop device gets blocks. No count is lost by
that: what regions that go have counted, the group carries. dmstats starts it; nobody needs to by hand.
.PP
It ends when the group is deleted, when nobody has the file open and it has no name, or, with
.I mode
path, when the path names nothing for a while. The group stays.
.SH OPERANDS
${operands.join('')}.SH OPTIONS
They are none of lvm2's daemon, and may stand anywhere.
${OPTIONS.map(optionItem).join('')}.SH MANY FILES IN ONE PROCESS
${COMMANDS.map(({ name, operands, summary }) => `.TP\n\\fB${roff(name)}\\fR \\fI${roff(operands)}\\fR\n${roff(summary)}\n`).join('')}${SERVICE_OPTIONS.map(optionItem).join('')}.SH EXIT STATUS
0 when it ended as it should, and without
.I foreground
once the daemon follows the file; 1 with a line that says why.
.SH SIGNALS
SIGTERM and SIGINT end it; the group stays.
.SH EXAMPLES
.TP
What dmstats runs for a file, its group 0 and descriptor 3:
.nf
${roff('dmfilemapd 3 0 /srv/images/vm.img inode 1 2 3</srv/images/vm.img')}
.fi
.SH SEE ALSO
.BR dmstats (8)
`;
}

writePage(import.meta.url, 'dmfilemapd.8', manualPage);
