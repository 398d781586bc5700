/** The report engine side by side with Debian's: a table of command lines on the same regions, byte for byte. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { both, makeNamedVolume, ours, readTwice, theirs, theirsOfAll, variedRegions } from './side-by-side.ts';
import { cleanUp, sh, type Volume } from './support.ts';

const SPLIT = 'LVM-abcdefghijklmnopqrstuvwxyzABCDEFabcdefghijklmnopqrstuvwxyz012345-tpool';

/** Devices of all kinds above a volume: users of it, LVM's names, a blank, read-only, suspended with two tables. */
function stack(t: TestContext, { name, node }: Volume): void {
  const make = (device: string, words: string): void => {
    sh(`DM_DISABLE_UDEV=1 dmsetup create ${words} -- '${device}'`);
    cleanUp(t, () => sh(`DM_DISABLE_UDEV=1 dmsetup remove '${device}'`));
    assert.equal(theirs(['create', device]).status, 0);
  };
  make(`${name}-b`, `-u UUID-${name} --table '0 1024 linear ${node} 0'`);
  make(`${name}-a`, `--table '0 1024 linear ${node} 1024'`);
  make('vg-lv--x-tpool', `-u ${SPLIT} --table '0 1024 linear ${node} 4096'`);
  make('vgx-lvy', `-u LVM-xx --table '0 8 zero'`);
  make('vgy-lv-one-two', `-u LVM-yy --table '0 8 zero'`);
  make('sp ace', `-u 'CRYPT-a b' --table '0 8 zero'`);
  make('ro', `-r --table '0 8 zero'`);
  make('both', `--table '0 8 zero'`);
  sh(`DM_DISABLE_UDEV=1 dmsetup suspend both; dmsetup load both --table '0 16 zero'; blockdev --setra 1024 ${node}`);
  sh('DM_DISABLE_UDEV=1 dmsetup mknodes');
}

// Words are separated by blanks; "·" is a blank within a word.
const LISTS: readonly string[] = [
  // Fields: each group, by name, by prefix, in any spelling.
  'list -o name_all',
  'list -o info_all',
  'list -o deps_all',
  'list -o tree_all',
  'list -o splitname_all',
  'list -o name,splitname_all,selected',
  'list -o selected,region_id',
  'list -o name,device_count,devs_used,devnos_used,blkdevs_used,device_ref_count,names_using_dev,devnos_using_dev',
  'list -o region_id,region_start,region_len,area_id,area_count,group_id,program_id,user_data,precise,hist_bins,hist_bounds,hist_ranges,stats_name,obj_type DEV',
  'list -o Name,MAJOR,minor,Dev_No,BlkDevName DEV',
  'list -o uuid,mangled_uuid,unmangled_uuid,mangled_name,unmangled_name',
  'list -o attr,tables_loaded,suspended,readonly,open,segments,events',
  'list -o stats_name,name,id,start,len DEV',
  'list -o name,subsystem,vg_name,lv_name,lv_layer --noheadings',
  'list -o +name,uuid DEV-b',
  'list -o +read_ahead,attr',
  'list -oregionid,objtype DEV',
  'list -o read_count,write_count,reads_per_sec,util,await,hist_count DEV',
  'list -o region_id,region_id,region_id DEV',
  'list -o region_id -o obj_type DEV',
  'list -o +obj_type -o +user_data DEV',
  'list --options selected,region_id DEV',
  'list -o event_s,SEG_MENTS DEV',
  // Order.
  'list -O region_start DEV',
  'list -O -region_start,region_len DEV',
  'list -O region_len,-region_start DEV',
  'list --sort user_data DEV',
  'list --sort -user_data DEV',
  'list -O hist_bounds DEV',
  'list -O -hist_bounds -o region_id DEV',
  'list -O stats_name,-region_start DEV',
  'list -O -stats_name,region_start DEV',
  'list -O obj_type,-region_start -o obj_type,region_id,region_start DEV',
  'list -O -name -o name,region_start',
  'list -O name,-region_start -o name,region_start',
  'list -O minor -o name',
  'list -O -minor -o name,minor',
  'list -O uuid -o name,uuid',
  'list -O -uuid,name -o name,uuid',
  'list -O read_ahead,name -o name',
  'list -O blkdevname -o name',
  'list -O area_len DEV',
  'list -v -O -area_count -o region_id,area_id,area_count,obj_type DEV',
  'list -O device_count,name -o name,device_count',
  'list -O -open,name -o name,open',
  'list --so lv_name,name -o name,lv_name',
  // Selection: numbers.
  'list -S region_id=1 DEV',
  'list -S region_id!=1 --region DEV',
  'list --region -S region_id<2 DEV',
  'list --region -S region_id<=2&&region_id>0 DEV',
  'list --region -S region_id>=3,region_id<5 DEV',
  'list -S region_id=1||region_id=3 DEV',
  'list -S region_id=1#region_id=3 DEV',
  'list -S region_id=1·#·region_id=3 DEV',
  'list -S region_id·=·1 DEV',
  'list -S ·region_id=1· DEV',
  'list -S region_id=1.0 DEV',
  'list -S region_id=01 DEV',
  'list -S REGIONID=1 DEV',
  'list -S id=1 DEV',
  'list -S region_id=1||region_id=2&&region_id=3 -o region_id DEV',
  'list -S region_id=1&&region_id=2||region_id=3 -o region_id DEV',
  'list -S (region_id=1||region_id=2)&&region_id=2 -o region_id DEV',
  'list -S region_id=1&&(region_id=2||region_id=1) -o region_id DEV',
  'list --region -S !(region_id>1,region_id<4) -o region_id DEV',
  'list --region -S !·(region_id=1) -o region_id DEV',
  'list -S ((region_id=1)) -o region_id DEV',
  'list -S area_count>1 -o region_id DEV',
  'list -v -S area_id>1 -o region_id,area_id DEV',
  'list -S read_ahead>256 -o name,region_id',
  'list -S open>0 -o name,open',
  'list -S major=1 -o name',
  'list -S device_count=1 -o name',
  'list -S device_ref_count>1 -o name,region_id',
  // Selection: sizes.
  'list -S region_len=1m DEV',
  'list -S region_len=1 DEV',
  'list -S region_len=1M DEV',
  'list -S region_len>1m DEV',
  'list -S region_len>1.5m DEV',
  'list -S region_len<=1024k DEV',
  'list -S region_len=2048s DEV',
  'list -S region_len=1048576b DEV',
  'list -S region_len=2048 DEV',
  'list -S region_len<.5m -o name',
  'list -S region_len<1.g -o name',
  'list -S region_len>0 -o region_id DEV',
  'list -S region_start=0 -o region_id DEV',
  'list -S region_start>=2048s -o region_id DEV',
  'list -S region_start!=0 -o region_id DEV',
  'list -S region_len=1.00m --units k DEV',
  'list -S region_len<1K -o name',
  'list -S area_len=16m -o region_id DEV',
  // Selection: text.
  'list -S user_data=note DEV',
  'list -S user_data="note" DEV',
  "list -S user_data='note' DEV",
  'list -S user_data!=note -o region_id DEV',
  'list -S user_data="" -o region_id DEV',
  'list -S user_data= -o region_id DEV',
  'list -S user_data=~^no DEV',
  'list -S user_data!~^no -o region_id DEV',
  'list -S user_data=~"o.e" DEV',
  'list -S stats_name=pair DEV',
  'list -S stats_name=pair#region_id=1 -o region_id DEV',
  'list -S stats_name=~pair|DEV -o region_id DEV',
  'list -S (stats_name=~pair) -o region_id DEV',
  'list -S stats_name=~pair$&&region_id>3 -o region_id --region DEV',
  'list -S name=~vg[xy]-lv -o name',
  "list -S name=~'p·a' -o name",
  'list -S name="sp·ace" -o name',
  'list -S obj_type=group DEV',
  'list -S obj_type!=group -o region_id,obj_type DEV',
  'list -S uuid="" -o name',
  'list -S uuid=LVM-xx -o name',
  'list -S suspended=Suspended -o name,attr',
  'list -S readonly=Read-only -o name',
  'list -S attr=~I -o name,tables_loaded',
  'list -S vg_name=vgx -o name',
  'list -S subsystem=LVM&&lv_layer!="" -o name',
  'list -S lv_name=~-x -o name',
  'list -S devs_used=DEV -o name',
  'list -S names_using_dev=~DEV-a -o name,region_id',
  'list -S name=DEV||name=DEV-b&&region_id=0 -o name,region_id',
  'list -S program_id=dmstats -o region_id --region DEV',
  'list -S all DEV',
  'list -S region_id=99 DEV',
  'list --select region_id=1 --sort region_start DEV',
  'list -S region_id=1 -o selected,region_id DEV',
  'list -S stats_name=pair -o region_id,selected -O -selected,region_start DEV',
  'list -S hist_bounds=~300us -o region_id DEV',
  // Layout.
  'list --rows DEV',
  'list --rows --noheadings DEV',
  'list --rows --separator , DEV',
  'list --rows --nameprefixes -o region_id,obj_type DEV',
  'list --rows --nameprefixes --noheadings ro',
  'list --nameprefixes DEV',
  'list --nameprefixes --noheadings DEV',
  'list --nameprefixes --unquoted DEV',
  'list --nameprefixes --unquoted --noheadings --separator · DEV',
  'list --nameprefixes --separator , ro',
  'list --nameprefixes -o name_all,info_all,splitname_all',
  'list --nameprefixes --noheadings -o hist_bounds,stats_name,name,user_data DEV',
  'list --unquoted DEV',
  'list --unbuffered DEV',
  'list --unbuffered --units b DEV',
  'list --unbuffered -O -region_start DEV',
  'list --unbuffered --rows DEV',
  'list --separator : DEV',
  'list --separator :: --noheadings DEV',
  'list --separator · DEV',
  'list --separator= DEV',
  'list --noheadings -o name,region_len --units k',
  'list --units b DEV',
  'list --units B DEV',
  'list --units s DEV',
  'list --units S DEV',
  'list --units K DEV',
  'list --units m DEV',
  'list --units M DEV',
  'list --units g DEV',
  'list --units G DEV',
  'list --units t DEV',
  'list --units T DEV',
  'list --units p DEV',
  'list --units E DEV',
  'list --units h --nosuffix DEV',
  'list --units H --nosuffix DEV',
  'list --units 512b DEV',
  'list --units 1K DEV',
  'list --units 1.5k DEV',
  'list --units=64k DEV',
  'list --notimesuffix -o hist_bounds,hist_ranges DEV',
  'list -S region_id=99 --nameprefixes DEV',
  'list -S region_id=99 --noheadings --rows DEV',
  // Devices and options in any order.
  'list DEV DEV-b',
  'list DEV-b ro DEV',
  'list -u UUID-DEV',
  'list -u LVM-xx -o name,uuid',
  '--units k list -oname,region_len DEV',
  'list DEV -o region_id --region --noh -S region_id>3 ro',
  'list -v DEV-b ro -o stats_name,area_id',
  'list --histogram --area -o region_id,hist_bins,hist_bounds DEV',
  'list --hist -S hist_bounds!="" DEV',
];

const REPORTS: readonly string[] = [
  'report --area -o all DEV-b',
  'report --area -o region_id,stats_all --noheadings DEV-b',
  'report --area -o name_all,region_id,read_count DEV',
  'report --area -o name,info_all,read_count DEV',
  'report -o deps_all,tree_all,read_count DEV',
  'report -o name,splitname_all,write_count',
  'report --area --group -O -region_start DEV',
  'report --area -O -area_start,region_len DEV',
  'report -O user_data,-region_start -o user_data,region_start,read_count DEV',
  'report --area -O name,-region_start -o name,region_start,read_count',
  'report --area -S read_count>0 -o region_id,area_id,read_count DEV',
  'report --area -S read_count=0 -o region_id,area_id,read_count DEV',
  'report --area -S read_sector_count>=256&&area_id=0 -o region_id,area_id,read_sector_count DEV',
  'report --area -S region_len=1m -o region_id,read_count DEV',
  'report --group -S stats_name=pair -o stats_name,read_count,read_sector_count DEV',
  'report -S obj_type=area,region_id<2 -o region_id,read_count,util DEV',
  'report --area --rows -o region_id,read_count,read_size_per_sec DEV',
  'report --area --rows --noheadings --units k -o region_id,read_size_per_sec,avg_request_size DEV',
  'report --area --nameprefixes -o region_id,reads_per_sec,read_size_per_sec DEV',
  'report --area --nameprefixes --unquoted --noheadings -o region_id,await,util,queue_size DEV',
  'report --area --units s -o region_id,read_size_per_sec,write_size_per_sec,avg_request_size DEV',
  'report --area --units K -o region_id,read_size_per_sec,avg_request_size DEV',
  'report --area --raw -S region_id=1 DEV',
  'report --area --histogram --relative -S hist_bounds!="" DEV',
  'report --area --unbuffered DEV',
  'report --area --histogram --separator | DEV',
  'report --area -o read_count,selected -S region_id=0 DEV',
  'report -oregion_id,hist_count,hist_percent --notimesuffix --noheadings --area DEV',
  'report --region -o region_id,read_count,read_time,read_ticks DEV DEV-b ro',
  'report -u UUID-DEV -o name,uuid,region_id,read_count',
];

const filled = (line: string): string[] => line.split(' ').map((word) => word.replaceAll('·', ' '));

test('dmstats list and report select, sort and write as Debian’s dmstats do', async (t) => {
  const volume = await makeNamedVolume(t);
  await variedRegions(volume);
  stack(t, volume);
  assert.ok(LISTS.length + REPORTS.length >= 150);
  const fill = (line: string): string[] => filled(line).map((word) => word.replaceAll('DEV', volume.name));
  const expected = theirsOfAll(LISTS.map(fill));
  for (const [index, line] of LISTS.entries()) {
    await t.test(line, async () => {
      const mine = await ours(fill(line));
      assert.deepEqual(mine, expected[index]);
      assert.equal(mine.status, 0);
    });
  }
  for (const line of REPORTS) {
    await t.test(line, async () => {
      readTwice(volume);
      const { mine, their } = await both(filled(line), volume);
      assert.deepEqual(mine, their);
      assert.equal(mine.status, 0);
    });
  }
});

const COMMANDS: readonly string[] = [
  "list -S 'region_len=1m && stats_name=~pair' -O -region_start DEV",
  'list --nameprefixes --noheadings -o name,uuid,attr,user_data --rows DEV',
  'list -o name,devs_used,blkdevs_used,read_ahead --units=k DEV',
  'list -Sregion_id=1 -oregion_id,hist_bounds --notimesuffix DEV',
];

test('dmstats as a command lists as Debian’s does', async (t) => {
  const volume = await makeNamedVolume(t);
  await variedRegions(volume);
  for (const line of COMMANDS) {
    const words = line.replaceAll('DEV', volume.name);
    assert.equal(sh(`dmstats ${words}`), sh(`DM_DISABLE_UDEV=1 /sbin/dmstats ${words}`));
  }
  const rows: unknown = JSON.parse(sh(`dmstats list --json -S region_id=3 -o region_len,user_data ${volume.name}`));
  assert.deepEqual(rows, { schema: 1, command: 'list', rows: [{ region_len_bytes: 1048576, user_data: 'note' }] });
});

// What the C tool refuses is refused, in one line.
const REFUSALS: readonly string[] = [
  'list -o foo DEV',
  'list -o region_id, DEV',
  'list -o -region_id DEV',
  'list -o area_all DEV',
  'list -O foo DEV',
  'list -O all DEV',
  'list -O region_id, DEV',
  'list -S foo=1 DEV',
  'list -S foo DEV',
  'list -S region_id DEV',
  'list -S region_id= DEV',
  'list -S region_id=abc DEV',
  'list -S region_id==1 DEV',
  'list -S region_id=<1 DEV',
  'list -S region_id<>1 DEV',
  'list -S region_id>-1 DEV',
  'list -S region_id=0x1 DEV',
  'list -S region_id=~1 DEV',
  'list -S region_id·since·1 DEV',
  'list -S region_id=1·&& DEV',
  'list -S region_id=1&region_id=1 DEV',
  'list -S region_id=1|region_id=1 DEV',
  'list -S region_id=1·region_id=2 DEV',
  'list -S (region_id=1 DEV',
  'list -S region_id=1) DEV',
  'list -S region_len=1mb DEV',
  'list -S region_len=1·m DEV',
  'list -S region_len=1x DEV',
  'list -S user_data<z DEV',
  'list -S user_data=a,b DEV',
  "list -S user_data='a DEV",
  'list -S · DEV',
  'list --units 3 DEV',
];

test('dmstats refuses the fields and selections that Debian’s dmstats refuses, in one line', async (t) => {
  const volume = await makeNamedVolume(t);
  assert.equal(theirs(['create', volume.name]).status, 0);
  const fill = (line: string): string[] => filled(line).map((word) => word.replaceAll('DEV', volume.name));
  const refused = theirsOfAll(REFUSALS.map(fill));
  for (const [index, line] of REFUSALS.entries()) {
    await t.test(line, async () => {
      const mine = await ours(fill(line));
      assert.equal(mine.status, 1);
      assert.equal(refused[index]?.status, 1);
      assert.equal(mine.stdout, '');
      assert.match(mine.stderr, /^[^\n]+\n$/);
    });
  }
});

test('dmstats lists differ from Debian’s where that is wrong', async (t) => {
  const volume = await makeNamedVolume(t);
  await variedRegions(volume);
  const texts = async (line: string): Promise<{ mine: string; their: string }> => {
    const { mine, their } = await both(filled(line), volume);
    assert.equal(mine.stderr, '');
    return { mine: mine.stdout, their: their.stdout };
  };
  await t.test('numbers that the C tool keeps as text or as bits are compared by value', async () => {
    assert.deepEqual(await texts('list -S precise=1 -o region_id --noheadings DEV'), { mine: '1\n', their: '' });
    assert.deepEqual(await texts('list -S hist_bins=3 -o region_id --noheadings DEV'), { mine: '2\n', their: '' });
    readTwice(volume);
    const line = 'report --area -S reads_per_sec>1000000000 -o region_id --noheadings DEV';
    const { mine, their } = await texts(line);
    assert.equal(mine, '');
    assert.match(their, /^0\n/);
  });
  await t.test('rows without a group or region id come last', async () => {
    const { mine } = await texts('list -O region_id -o region_id --noheadings DEV');
    assert.equal(mine, '0\n1\n2\n3\n4\n5\n6\n3,5\n4,6\n');
    const grouped = await texts('list -O group_id -o group_id --noheadings --region DEV');
    assert.equal(grouped.mine, '3\n3\n4\n4\n-\n-\n-\n');
  });
  await t.test('a negation of a negation is none', async () => {
    const { mine } = await texts('list -S !(!(region_id=1)) -o region_id --noheadings --region DEV');
    assert.equal(mine, '1\n');
  });
  await t.test('a quote does not end a quoted value', async () => {
    assert.equal((await ours(['create', '--userdata', "it's", volume.name])).status, 0);
    const line = `list --nameprefixes --noheadings -o user_data -S user_data="it's" DEV`;
    assert.deepEqual(await texts(line), { mine: "DM_USER_DATA='it'\\''s'\n", their: "DM_USER_DATA='it's'\n" });
  });
});
