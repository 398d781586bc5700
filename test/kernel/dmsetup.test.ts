/** dmsetup side by side with Debian's 1.02.185: the same command lines on the same devices, byte for byte. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { systemWorld } from '../../src/cli/context.ts';
import { main } from '../../src/cli/dmsetup.ts';
import { keyOfCookie } from '../../src/mapper/udev/flags.ts';
import { systemSemaphores } from '../../src/system/semaphore.ts';
import { captured, type Outcome, theirsOfAll } from './side-by-side.ts';
import { cleanUp, sh } from './support.ts';

const THEIRS = '/sbin/dmsetup';
const [DISK = '/dev/vda', OTHER = '/dev/vdb'] = (process.env['LAB_DISKS'] ?? '').split(' ').filter(Boolean);

/** The words of a line: separated by blanks, "·" is a blank and "¶" a line feed within a word. */
function wordsOf(line: string): string[] {
  const word = (text: string): string =>
    text.replaceAll('·', ' ').replaceAll('¶', '\n').replaceAll('DISK', DISK).replaceAll('OTHER', OTHER);
  return line.split(' ').map(word);
}

const ours = (words: readonly string[]): Promise<Outcome> =>
  captured(main, words, {
    ...systemWorld(),
    readFile: (path) => readFileSync(path === 0 ? '/dev/null' : path, 'utf8'),
  });
const theirs = (lines: readonly string[]): Outcome[] => theirsOfAll(lines.map(wordsOf), THEIRS);
const removeAll = (): string => sh(`${THEIRS} remove_all --force; ${THEIRS} remove_all; ${THEIRS} mknodes`);

/** Devices of all kinds: on top of each other, read-only, suspended with two tables, without one, odd names. */
const STACK: readonly string[] = [
  'create a --table 0·2048·linear·DISK·0',
  'create b -u UUID-b --table 0·2048·linear·OTHER·0',
  'create s --table 0·2048·striped·2·128·/dev/mapper/a·0·/dev/mapper/b·0',
  'create t --table 0·1024·linear·/dev/mapper/s·0¶1024·1024·linear·/dev/mapper/a·1024',
  'create ro -r --table 0·8·linear·DISK·4096',
  'create bare --notable -u BARE-1',
  'create sp·ace -u u·u --table 0·8·zero',
  'create vg-lv--x-tpool -u LVM-abcdefgh --table 0·8·zero¶8·8·error',
  'create both --table 0·8·zero',
  'suspend both',
  'load both --table 0·16·linear·DISK·8192',
  'create abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz --table 0·8·linear·/dev/mapper/t·0',
];

// Nothing here changes anything.
const QUESTIONS: readonly string[] = [
  ...['targets', 'target-version linear zero', 'target-version nosuch', 'target-version linear nosuch'],
  ...['ls', 'ls -o devno', 'ls -o blkdevname', 'ls -o bogus', 'ls a'],
  ...['ls --target linear', 'ls --target nosuch', 'ls --manglename none'],
  ...['ls --tree', 'ls --tree -o ascii', 'ls --tree -o utf', 'ls --tree -o vt100', 'ls --tree -o notrunc,uuid'],
  ...['ls --tree -o inverted', 'ls --tree -o blkdevname', 'ls --tree -o nodevice'],
  ...['ls --tree -o nodevice,blkdevname', 'ls --tree -o active', 'ls --tree -o open,rw', 'ls --tree -o uuid'],
  ...['ls --tree -o active,open,rw,uuid,blkdevname', 'ls --tree -o active,open,rw,uuid,blkdevname,notrunc'],
  ...['ls --tree -o inverted,uuid,ascii', 'ls --tree -o compact,active', 'ls --tree -o bogus'],
  ...['info', 'info a', 'info a b', 'info a nodev b', 'info nodev', 'info -u UUID-b', 'info -u nosuch', 'info sp·ace'],
  ...['info sp\\x20ace', 'info --manglename none sp\\x20ace', 'info -u u·u', 'info /dev/mapper/a', 'info -v both'],
  ...['info ro', 'info bare', 'info --inactive both', 'info /dev/nosuch', 'info -j 254', 'info --noopencount a'],
  ...['info -c', 'info -C', 'info -c a', 'info -c a nodev', 'info -c nodev', 'info -c -u UUID-b', 'info -c sp·ace'],
  ...['info -c --noheadings', 'info -c --noheadings -o name', 'info -c --separator ,', 'info -c --rows'],
  ...['info -c --nameprefixes', 'info -c --nameprefixes --noheadings', 'info -c --nameprefixes --unquoted --rows'],
  ...['info -c -o name_all a b t', 'info -c -o info_all a both ro', 'info -c -o deps_all', 'info -c -o tree_all b s t'],
  ...['info -c -o splitname_all', 'info -c -o name,splitname_all -O vg_name,name', 'info -c -o +blkdevname b'],
  ...['info -c -o name,uuid,major,minor,open,segments,events,attr,suspended,tables_loaded,readonly both'],
  ...['info -c -o name,devs_used,devnos_used,blkdevs_used', 'info -c -o name,names_using_dev,devnos_using_dev b s t'],
  ...['info -c -o name,device_count,device_ref_count,devno', 'info -c -O minor', 'info -c -O -minor -o name'],
  ...[
    'info -c -S name=a',
    'info -c -S segments=2 -o name',
    'info -c -o bogus',
    'info -c --noheadings -o name,read_ahead a t',
  ],
  ...['info --columns --options name --sort -name', 'info -c -o name,mangled_name,unmangled_name,mangled_uuid'],
  ...['deps', 'deps a', 'deps t a', 'deps nodev', 'deps -o devname t', 'deps -o blkdevname t', 'deps -o devno'],
  ...['deps -o bogus', 'deps -u UUID-b', 'deps --inactive both', 'deps both'],
  ...[
    'status',
    'status a',
    'status a t',
    'status a nodev',
    'status nodev',
    'status -v a',
    'status -v a t',
    'status -u nosuch',
  ],
  ...['status --target linear', 'status --target zero a', 'status --noflush t', 'status bare', 'status -v a bare'],
  ...['table', 'table a', 'table a t', 'table nodev', 'table -v t', 'table --target linear', 'table --target zero a'],
  ...['table --inactive both', 'table --inactive', 'table --concise', 'table --concise t', 'table --concise bare a'],
  ...[
    'table --concise --target zero',
    'table --showkeys a',
    'table -u UUID-b',
    'table sp·ace',
    'table -v --inactive both',
  ],
  ...['measure', 'measure a t', 'measure nodev', 'measure --inactive both'],
  ...['splitname vg-lv--x-tpool', 'splitname vg-lv FOO', 'splitname vg --noheadings', 'splitname a-b-c -o +subsystem'],
  ...['splitname --nameprefixes --noheadings --unquoted vg-lv', 'splitname', 'splitname vg-lv -c -o lv_name,subsystem'],
  ...['wait a 1', 'wait nodev', 'wait -v a 7', 'setgeometry nodev 1 2 3 0', 'setgeometry a 1 2', 'message nodev 0 hi'],
  ...[
    'message a 0 hi',
    'message a x hi',
    'message a 0',
    'message a 0 @stats_list',
    'message',
    'rename',
    'remove',
    'suspend',
  ],
  ...['udevflags 0', 'udevflags x', 'udevflags 0xFFFF0000', 'udevflags 4227858432', 'udevflags', 'udevcomplete x'],
  ...[
    'udevcomplete 0xD4D1234',
    'udevcomplete 1234',
    'udevcreatecookie',
    'udevreleasecookie',
    'udevreleasecookie 0xD4D1234',
  ],
  ...['udevcomplete_all x', 'udevcookies', 'udevcookie', 'mknodes a', 'mangle', 'mangle a', 'mangle nodev', 'bogus'],
  ...['--foo ls', 'ls --foo', 'create', 'load', 'clear', 'resume', 'wipe_table', 'remove nodev', 'remove a'],
  ...[
    'suspend nodev',
    'resume nodev',
    'clear nodev',
    'load nodev --table 0·8·zero',
    'rename nodev q',
    'rename a b',
    'rename a x/y',
  ],
  ...['create a --notable', 'create q -u UUID-b --notable', 'create q --table 0·8', 'create q --table 0·8·nosuch'],
  ...['create q --table 8·8·zero', 'create q --table 0·8·linear·/dev/nope·0', 'create q /nofile', 'create q -j 254'],
  ...[
    'create --concise q',
    'create --concise q,,,xx,0·8·zero',
    'create q --manglename foo --notable',
    'create a/b --notable',
  ],
  ...[
    'wipe_table bare',
    'remove --retry nodev',
    'reload a --table 0·8·nosuch',
    'load a /nofile',
    'ls --tr',
    'info --col',
  ],
];

/** One after the other, from no device on; `info` and the like tell what has become of the devices. */
const CHANGES: readonly string[] = [
  ...['ls', 'info', 'info -c', 'table', 'status', 'deps', 'ls --tree', 'remove_all'],
  ...[
    'create a --table 0·2048·linear·DISK·0',
    'create b -u UUID-b -v --table 0·8·zero',
    'create c --notable',
    'info c',
  ],
  ...[
    'load c --table 0·8·zero¶8·8·error¶#·c¶¶16·1008·linear·OTHER·0',
    'info c',
    'table --inactive c',
    'status --inactive c',
  ],
  ...['clear -v c', 'load c -r --table 0·16·zero', 'resume -v c', 'info c', 'table c', 'reload c --table 0·8·zero'],
  ...[
    'suspend -v c',
    'suspend c',
    'info -c',
    'resume c',
    'resume c',
    'table c',
    'suspend --noflush --nolockfs a',
    'resume a',
  ],
  ...[
    'suspend a nodev b',
    'info -c -o name,suspended',
    'resume a nodev b',
    'resume b',
    'rename a a2',
    'rename a2 --setuuid NEW',
  ],
  ...['rename a2 b', 'rename a2 --setuuid AGAIN', 'rename a2 a', 'info a', 'ls --exec echo·is --target nosuch'],
  ...['create d --readahead 1024 --table 0·8·linear·/dev/mapper/a·0', 'info d', 'resume --readahead +8 d', 'info d'],
  ...[
    'resume --readahead none d',
    'info d',
    'message a 0 @stats_create·-·/2',
    'message a 0 @stats_list',
    'setgeometry a 1 2 3 0',
  ],
  ...[
    'remove a',
    'remove --deferred a',
    'info a',
    'remove d',
    'info a',
    'wipe_table b',
    'table b',
    'remove -f c',
    'ls',
  ],
  ...[
    'create --concise x1,,,,0·8·zero;x2,U2,,ro,0·8·zero,8·8·error',
    'info -c',
    'table --concise',
    'create --concise x\\,3,,77,,0·8·zero',
  ],
  ...[
    'create --concise y1,,,,0·8·zero;x1,,,,0·8·zero;y2,,,,0·8·zero',
    'ls',
    'create sp·ace -u u·u --table 0·8·zero',
    'ls',
  ],
  ...[
    'create --manglename none un·man --table 0·8·zero',
    'ls --manglename none',
    'mangle',
    'ls',
    'rename un·man x·y',
    'ls',
  ],
  ...[
    'create --manglename hex he·x --notable',
    'ls --manglename none',
    'remove x1 nodev x2',
    'ls',
    'create n1 --notable -j 99 -m 31',
  ],
  ...[
    'remove b --force',
    'create q --table 0·8·linear·/dev/nope·0',
    'create q --table 8·8·zero',
    'ls',
    'remove_all --deferred',
    'ls',
  ],
];
// The C tool makes a device of another major number than it is told.
const OWN_CHANGES = CHANGES.filter((line) => !line.includes('-j 99'));

/** What both tools said. */
const compared = (line: string, { status, stdout }: Outcome): string => `$ ${line}\n${stdout}[${status}]\n`;

async function differences(lines: readonly string[], their: readonly Outcome[]): Promise<string[]> {
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    const mine = await ours(wordsOf(line));
    const expected = their[index];
    assert.ok(expected !== undefined);
    assert.equal(mine.stderr === '', mine.status === 0, `${line}: ${mine.stderr}`);
    const [own, other] = [compared(line, mine), compared(line, expected)];
    if (own !== other) found.push(`${own}${mine.stderr}--- Debian's:\n${other}${expected.stderr}`);
  }
  return found;
}

test('dmsetup: questions are answered as by Debian, byte for byte', async (t) => {
  cleanUp(t, removeAll);
  for (const [index, { status, stderr }] of theirs(STACK).entries())
    assert.equal(status, 0, `${STACK[index]}: ${stderr}`);
  const found = await differences(QUESTIONS, theirs(QUESTIONS));
  assert.equal(found.length, 0, found.join('\n'));
  assert.ok(QUESTIONS.length >= 200);
});

test('dmsetup: changes are made as by Debian, step by step', async (t) => {
  cleanUp(t, removeAll);
  const their = theirs(OWN_CHANGES);
  removeAll();
  const found = await differences(OWN_CHANGES, their);
  assert.equal(found.length, 0, found.join('\n'));
});

test('dmsetup: the forms that dmtest-python calls, as real commands', (t) => {
  cleanUp(t, removeAll);
  writeFileSync('/tmp/pool.table', `0 65536 thin-pool ${DISK} ${OTHER} 128 10\n`);
  writeFileSync('/tmp/thin.table', '0 2048 thin /dev/mapper/pool 0\n');
  sh(`dd if=/dev/zero of=${DISK} bs=4k count=1 conv=fsync 2>&1`);
  sh('dmsetup create pool --notable; dmsetup load pool /tmp/pool.table; dmsetup resume pool');
  assert.ok(statSync('/dev/mapper/pool').isBlockDevice());
  sh('dmsetup message pool 0 create_thin 0');
  sh('dmsetup create thin --notable; dmsetup load --readonly thin /tmp/thin.table; dmsetup resume thin');
  assert.ok(statSync('/dev/mapper/thin').isBlockDevice());
  assert.equal(sh('dmsetup status thin'), '0 2048 thin 0 -\n');
  assert.match(sh('dmsetup status --noflush pool'), /^0 65536 thin-pool 0 \d+\/\d+ 0\/512 - rw /);
  assert.match(sh('dmsetup status -v pool'), /^Event number: {6}\d+$/m);
  assert.match(sh('dmsetup status'), /^pool: 0 65536 thin-pool .*\nthin: 0 2048 thin 0 -\n$/);
  assert.match(sh('dmsetup table thin'), /^0 2048 thin \d+:\d+ 0\n$/);
  assert.match(sh('dmsetup info thin'), /^State: {13}ACTIVE \(READ-ONLY\)$/m);
  sh('dmsetup suspend --noflush thin; dmsetup resume thin');
  assert.match(sh('dmsetup targets'), /^thin-pool {8}v\d+\.\d+\.\d+$/m);
  assert.match(sh('dmsetup wait -v pool 77'), /^Event number: {6}\d+$/m);
  sh('dmsetup remove thin; dmsetup remove pool');
  assert.equal(existsSync('/dev/mapper/pool'), false);
  assert.equal(sh('devicemapper dmsetup ls'), 'No devices found\n');
});

test('dmsetup hides the key of a crypt table unless it is asked for', async (t) => {
  cleanUp(t, removeAll);
  const key = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const line = (shown: string): RegExp => new RegExp(`^0 8 crypt aes-xts-plain64 ${shown} 0 \\d+:\\d+ 0\\n$`);
  assert.equal((await ours(['create', 'cr', '--table', `0 8 crypt aes-xts-plain64 ${key} 0 ${DISK} 0`])).status, 0);
  assert.match((await ours(['table', 'cr'])).stdout, line('0'.repeat(64)));
  assert.match((await ours(['table', '--showkeys', 'cr'])).stdout, line(key));
  for (const words of ['table cr --json', 'table cr --concise', 'table', 'status cr', 'measure cr']) {
    assert.equal((await ours(wordsOf(words))).stdout.includes(key), false, words);
  }
});

test('dmsetup remove names who holds the device', async (t) => {
  cleanUp(t, removeAll);
  for (const line of ['create low --table 0·8·linear·DISK·0', 'create high --table 0·8·linear·/dev/mapper/low·0']) {
    assert.equal((await ours(wordsOf(line))).status, 0);
  }
  const { status, stderr } = await ours(['remove', '--retry', 'low']);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'device-mapper: remove ioctl on low  failed: Device or resource busy\nheld by: used by the device high\nCommand failed.\n',
  );
});

test('dmsetup create that fails leaves neither device nor node', async (t) => {
  cleanUp(t, removeAll);
  for (const line of [
    'create x --table 0·8·nosuch',
    'create x --table 0·99999999·linear·DISK·0',
    'create x -j 7 -m 40 --notable',
  ]) {
    assert.equal((await ours(wordsOf(line))).status, 1, line);
    assert.equal(sh(`${THEIRS} ls`), 'No devices found\n');
    assert.equal(existsSync('/dev/mapper/x'), false);
  }
  assert.equal((await ours(wordsOf('create x -U 3 -G 4 -M 640 --table 0·8·zero'))).status, 0);
  const { uid, gid, mode } = statSync('/dev/mapper/x');
  assert.deepEqual([uid, gid, mode & 0o777], [3, 4, 0o640]);
});

test('dmsetup udevcookies lists what Debian lists', async (t) => {
  for (const [low, value] of [
    [0x1234, 1],
    [0xffff, 12345],
    [0x0001, 0],
  ] as const) {
    const id = systemSemaphores.create(keyOfCookie(low), value);
    cleanUp(t, () => void systemSemaphores.remove(id));
    if (value === 1) systemSemaphores.add(id, 1);
  }
  const [their] = theirs(['udevcookies']);
  assert.equal((await ours(['udevcookies'])).stdout, their?.stdout);
  assert.equal(their?.stdout.split('\n').length, 5);
  const expected = '3 semaphores with keys prefixed by 3405 (0xd4d) destroyed. 0 skipped.\n';
  assert.equal((await ours(['udevcomplete_all', '--yes'])).stdout, expected);
});
