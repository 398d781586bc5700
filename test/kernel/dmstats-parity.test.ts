/** Debian's dmstats and ours side by side: the same words on the same regions, byte for byte. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { sectors } from '../../src/mapper/units.ts';
import {
  both,
  filled,
  makeNamedVolume,
  type Outcome,
  ours,
  readTwice,
  theirs,
  theirsOfAll,
  variedRegions,
} from './side-by-side.ts';
import { attempt, cleanUp, directWrite, eventually, makeVolume, mountVolume, sh, type Volume } from './support.ts';

const LISTS = [
  'list DEV',
  'list',
  'list NODE',
  'list /dev/mapper/DEV',
  'list -v --area DEV --group',
  'list --histogram DEV',
  'list --histogram --notimesuffix DEV',
  'list --allprograms DEV',
  'list --programid foreign DEV',
  'list --programid nobody DEV',
  'list --area DEV',
  'list --region DEV',
  'list --group DEV',
  'list --area --group DEV',
  'list --units k DEV',
  'list --units K DEV',
  'list --units 4k DEV',
  'list --units s --nosuffix DEV',
  'list --units b DEV',
  'list --units H DEV',
  'list --units g DEV',
  'list --noheadings DEV',
  'list --histogram --noheadings DEV',
  'list --separator | DEV',
  'list DEV --unit=m --nohead',
  'list -ostatsname,hist_bins DEV',
  'list -o+user_data,precise,hist_ranges DEV',
  'list -o area_id,area_start,area_len,area_offset --area DEV',
  'list --headings none DEV',
  'print --regionid 0 DEV',
  'print --regionid 2 DEV',
  'print --regionid 7 DEV',
];

test('dmstats lists and prints as Debian’s dmstats does', async (t) => {
  const volume = await makeNamedVolume(t);
  await variedRegions(volume);
  readTwice(volume);
  // Nothing here changes what the next one shows.
  const lines = LISTS.map((words) => filled(words.split(' '), volume));
  const expected = theirsOfAll(lines);
  for (const [index, line] of lines.entries()) {
    await t.test(LISTS[index] ?? '', async () => {
      // This option came to the C tool in 2023.
      if (line.includes('--headings') && expected[index]?.status !== 0) return;
      assert.deepEqual(await ours(line), expected[index]);
    });
  }
});

const REPORTS = [
  'report --area --group DEV',
  'report DEV -o statsname,group_id,region_id,obj_type,area_id,area_len,reads_per_sec,read_size_per_sec,avg_request_size,util,await',
  'report --raw --area --group DEV',
  'report --histogram DEV',
  'report --histogram --relative DEV',
  'report --histogram --noheadings DEV',
  'report --histogram --relative --noheadings --notimesuffix DEV',
  'report --area --units k DEV',
  'report --area --units 1s --separator , DEV',
  'report --group DEV',
  'report --area --count 1 DEV',
  'report --programid foreign DEV',
  'report --area -o read_count,write_count,read_sector_count,read_time,io_ticks,queue_ticks,in_progress_count,interval,interval_ns DEV',
  'report --area -o hist_count,hist_count_ranges,hist_percent,hist_percent_ranges DEV',
  'report --region -o region_id,throughput,queue_size,read_await,write_await,read_ticks DEV',
];

test('dmstats reports as Debian’s dmstats does', async (t) => {
  const volume = await makeNamedVolume(t);
  await variedRegions(volume);
  for (const words of REPORTS) {
    await t.test(words, async () => {
      readTwice(volume);
      const { mine, their } = await both(words.split(' '), volume);
      assert.match(mine.stdout, /[1-9]/);
      assert.deepEqual(mine, their);
    });
  }
});

// On a device each; what the kernel then lists is compared too. Group tags have the form of Debian's libdevmapper.
const CHANGES = [
  'create DEV',
  'create --start 2048 --length 4096 --areas 2 DEV',
  'create --areasize 1m DEV',
  'create --start 1m --len 1M DEV',
  'create --precise --bounds 10ms,20ms,30ms DEV',
  'create --bounds 300us,1ms DEV',
  'create --programid foo --userdata bar DEV',
  'create --programid= --force DEV',
  'create --segments --alias segs DEV',
  'create --segments --nogroup DEV',
  'create NODE',
  'group --regions 0,1 --alias g DEV',
  'group --regions 2-3 DEV',
  'group --alias late DEV --regions=9',
  'ungroup --groupid 2 DEV',
  'delete --regionid 1 DEV',
  'delete --groupid 8 DEV',
  'clear --regionid 0 DEV',
  'clear --allregions DEV',
  'print --clear --regionid 0 DEV',
  'delete --regionid 0 DEV',
  'delete --regionid 6 --programid foo DEV',
  'delete --allregions DEV',
  'delete --allregions --allprograms DEV',
];

test('dmstats changes regions and groups as Debian’s dmstats does', async (t) => {
  const left = await makeNamedVolume(t);
  const right = await makeNamedVolume(t);
  const normal = (text: string): string => text.replaceAll(left.name, 'DEV').replaceAll(right.name, 'DEV');
  for (const words of CHANGES) {
    await t.test(words, async () => {
      const fill = ({ name, node }: Volume): string[] =>
        words.split(' ').map((word) => word.replace('DEV', name).replace('NODE', node));
      const mine = await ours(fill(left));
      const their = theirs(fill(right));
      assert.deepEqual(
        { ...mine, stdout: normal(mine.stdout), stderr: normal(mine.stderr) },
        { ...their, stdout: normal(their.stdout), stderr: normal(their.stderr) },
      );
      assert.equal(await left.stats.rawList(), await right.stats.rawList());
    });
  }
});

// Both refuse; ours in one line, which begins as theirs where theirs says what is wrong.
const REFUSALS: readonly (readonly [words: string, beginning: string])[] = [
  ['create', 'Please specify device(s) or use --alldevices.'],
  ['create -j 253', 'Please specify both major number and minor number.'],
  ['create --areas 2 --areasize 1m DEV', 'Please specify one of --areas and --areasize.'],
  ['create --programid= DEV', 'Creating a region with no program id requires --force.'],
  ['create --allregions DEV', 'Cannot use --allregions with create.'],
  ['create --allprograms DEV', 'Cannot use --allprograms with create.'],
  ['create --segments --alias x --nogroup DEV', 'Cannot set alias with --nogroup.'],
  ['create --bounds 10ms,,20ms DEV', 'Empty histogram bin not allowed'],
  ['create --start abc DEV', ''],
  ['create --areasize 100b DEV', ''],
  ['create --foo DEV', ''],
  ['create nosuch', ''],
  ['list nosuch', ''],
  ['list --units foo DEV', 'Invalid --units argument'],
  ['list /dev/dm-99', 'Device /dev/dm-99 not found'],
  ['print DEV', 'Please specify a --regionid or use --allregions.'],
  ['print --regionid 99 DEV', ''],
  ['clear DEV', 'Please specify a --regionid or use --allregions.'],
  ['clear --regionid 77 DEV', 'No such region: 77'],
  ['delete DEV', 'Please specify a --regionid or --groupid, or use --allregions.'],
  ['delete --regionid 99 DEV', ''],
  ['delete --regionid 0 --groupid 1 DEV', 'Please use one of --regionid and --groupid.'],
  ['delete --groupid 0 DEV', 'Group ID 0 does not exist'],
  ['delete --allregions', 'Please specify device(s) or use --alldevices.'],
  ['group DEV', 'Group requires --regions.'],
  ['group --regions x DEV', "Could not parse list: 'x'"],
  ['ungroup DEV', 'Please specify group id.'],
  ['report --interval 0 DEV', ''],
  ['report --count -1 DEV', ''],
  ['create --filemap', '--filemap requires a file path argument'],
  ['create --filemap nosuch', 'Could not canonicalize file name: nosuch'],
  ['create --filemap /proc/version', ''],
  ['create --filemap --segments /etc/passwd', '--filemap and --segments are incompatible.'],
  ['create --filemap --nomonitor --follow inode /etc/passwd', 'Use of --follow is incompatible with --nomonitor.'],
  ['create --filemap --follow foo /etc/passwd', 'Could not parse dmfilemapd mode: foo'],
  ['update_filemap /etc/passwd', '--groupid is required to update a filemap group.'],
  ['frobnicate', 'Unknown stats command'],
];

test('dmstats refuses what Debian’s dmstats refuses, in one line', async (t) => {
  const volume = await makeVolume(t, 64);
  assert.equal(theirs(['create', volume.name]).status, 0);
  const before = await volume.stats.rawList();
  const lines = REFUSALS.map(([words]) => filled(words.split(' '), volume));
  const expected = theirsOfAll(lines);
  assert.equal(await volume.stats.rawList(), before);
  for (const [index, [words, beginning]] of REFUSALS.entries()) {
    await t.test(words, async () => {
      const mine = await ours(lines[index] ?? []);
      const their = expected[index];
      assert.equal(mine.status, 1);
      assert.equal(their?.status, 1);
      assert.match(mine.stderr, /^[^\n]+\n$/);
      assert.equal(mine.stdout, '');
      assert.ok(mine.stderr.startsWith(beginning), mine.stderr);
      assert.ok(their.stderr.startsWith(beginning), their.stderr);
      assert.equal(await volume.stats.rawList(), before);
    });
  }
});

test('dmstats shows and takes names with blanks as Debian’s dmstats does', async (t) => {
  const { dm, name: from } = await makeVolume(t, 8);
  const name = `${from}\\x20é`.replace('é', '\\xc3\\xa9');
  cleanUp(t, () => sh(`DM_DISABLE_UDEV=1 dmsetup remove '${name}'`));
  await dm.create(name);
  await dm.load({ name }, [{ start: sectors(0), length: sectors(2048), type: 'error', params: '' }]);
  await dm.resume({ name });
  for (const words of [
    ['create', `${from} é`],
    ['create', name],
    ['list', '--noheadings'],
    ['list', '--noheadings', `${from} é`],
  ]) {
    const mine = await ours(words);
    const their = theirs(words);
    assert.deepEqual(
      { ...mine, stdout: mine.stdout.replace(/ID \d/, '') },
      { ...their, stdout: their.stdout.replace(/ID \d/, '') },
    );
  }
});

const FILEMAPS = [
  'create --filemap --nomonitor FILE',
  'create --filemap --nomonitor --nogroup FILE',
  'create --filemap --nomonitor --alias other FILE',
  'create --filemap --nomonitor --bounds 10ms,20ms FILE',
];

test('dmstats maps files as Debian’s dmstats does', async (t: TestContext) => {
  const volume = await mountVolume(t, 'ext4', 128);
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4 });
  directWrite(`${volume.folder}/between`, { count: 4 });
  directWrite(path, { count: 4, seek: 8 });
  for (const words of FILEMAPS) {
    await t.test(words, async () => {
      const filled = words.split(' ').map((word) => word.replace('FILE', path));
      const results: { outcome: Outcome; list: string }[] = [];
      for (const run of [ours, async (all: readonly string[]) => theirs(all)]) {
        const outcome = await run(filled);
        results.push({ outcome, list: await volume.stats.rawList() });
        assert.equal(theirs(['delete', '--allregions', volume.name]).status, 0);
      }
      assert.deepEqual(results[0], results[1]);
    });
  }
  await t.test('update_filemap --nomonitor --groupid 0 FILE', async () => {
    assert.equal(theirs(['create', '--filemap', '--nomonitor', path]).status, 0);
    const words = ['update_filemap', '--nomonitor', '--groupid', '0', path];
    assert.deepEqual(await ours(words), theirs(words));
  });
});

test('dmstats is a process that a reader or a signal can end', async (t) => {
  const { name, stats } = await makeVolume(t, 64);
  await stats.createRegion({ programId: 'dmstats' });
  await t.test('head', () => {
    const output = sh(`{ dmstats report --interval 0.1 ${name}; echo "status $?" >&2; } 2>&1 | head -1`);
    assert.match(output, /^Name +GrpID /);
  });
  await t.test('SIGINT', () => {
    const output = sh(
      `timeout --preserve-status -s INT 8 dmstats report --interval 1 -ointerval --noheadings ${name} 2>&1`,
    );
    assert.match(output, /^[01]\.\d{6}\n/);
  });
});

test('dmstats create --filemap starts a daemon that follows the file until its group is deleted', async (t) => {
  const { folder, name, stats } = await mountVolume(t, 'ext4', 128);
  const path = `${folder}/grows`;
  directWrite(path, { count: 4 });
  assert.equal(sh(`dmstats create --filemap ${path}`), `${path}: Created new group with 1 region(s) as group ID 0.\n`);
  directWrite(path, { count: 64, seek: 4 });
  // Look-ahead regions lie over free space, under a program of their own.
  const mapped = async (): Promise<bigint> =>
    (await stats.list('dmstats')).regions.reduce((sum, { length }) => sum + length, 0n);
  await eventually('the growth is mapped', 10_000, async () => (await mapped()) === 68n * 128n);
  assert.equal(sh(`dmstats delete --groupid 0 ${name}`), 'Deleted statistics group 0.\n');
  await eventually(
    'the daemon ends',
    10_000,
    () => attempt(`pgrep -f -r S,R,D '[d]mfilemapd .*${path}'`).stdout.trim() === '',
  );
});

test('dmstats differs from Debian’s dmstats where that is wrong', async (t) => {
  const volume = await makeVolume(t, 64);
  const { name, stats } = volume;
  await t.test('atoi: a region that is no number is not region 0', async () => {
    await ours(['create', name]);
    assert.equal((await ours(['delete', '--regionid', 'abc', name])).status, 1);
    assert.match(await stats.rawList(), /^0: /);
    assert.equal(theirs(['delete', '--regionid', 'abc', name]).status, 0);
    assert.equal(await stats.rawList(), '');
  });
  await t.test('--start without --length ends with the device', async () => {
    await ours(['create', '--start', '1000', name]);
    theirs(['create', '--start', '1000', name]);
    assert.match(
      await stats.rawList(),
      new RegExp(`^0: 1000\\+${volume.sectors - 1000} .*\n1: 1000\\+${volume.sectors} `),
    );
    await ours(['delete', '--allregions', name]);
  });
  await t.test('print --allregions shows each region once', async () => {
    await ours(['create', name]);
    readTwice(volume);
    const mine = await ours(['print', '--allregions', name]);
    assert.equal(theirs(['print', '--allregions', name]).stdout, mine.stdout.repeat(2));
  });
  await t.test('report leaves the counters alone', async () => {
    const before = await ours(['print', '--allregions', name]);
    await ours(['report', name]);
    assert.equal((await ours(['print', '--allregions', name])).stdout, before.stdout);
    theirs(['report', name]);
    assert.notEqual((await ours(['print', '--allregions', name])).stdout, before.stdout);
  });
  await t.test('merges a second are counted', async () => {
    sh(`dd if=${volume.node} of=/dev/null bs=1M count=8 iflag=direct 2>&1`);
    const words = ['report', '--noheadings', '-o', 'reads_merged_per_sec', name];
    // The second number of a line: what the kernel took for merged, which on 6.1 may be nothing (seen: 0 of 8).
    const [, , merged] = (await stats.rawPrint(0)).split(' ');
    assert.equal((await ours(words)).stdout, `${merged}.00\n`);
    assert.equal(theirs(words).stdout, '0.00\n');
  });
  await t.test('ungroup does not claim what it did not do', async () => {
    const words = ['ungroup', '--groupid', '7', name];
    assert.equal((await ours(words)).stdout, '');
    assert.equal(theirs(words).stdout, `Removed group ID 7 on ${name}\n`);
  });
});
