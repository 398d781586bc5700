import assert from 'node:assert/strict';
import test from 'node:test';
import type { Environment } from '../../src/cli/dmstats/context.ts';
import type { StartOptions } from '../../src/filemapd/start.ts';
import { SimulatedFileSystem } from '../../src/simulator/index.ts';
import { World } from './support.ts';

const MIB = 2 ** 20;
const BLOCKS = 300;

/** A file of 300 blocks, every other block of a part of the device. */
async function mounted() {
  const world = new World();
  const fs = new SimulatedFileSystem(world.kernel, world.kernel.device('t0').number, {});
  fs.create('/f');
  fs.write('/f', 0, 2 * BLOCKS * 4096);
  for (let block = 0; block < BLOCKS; block++) fs.punch('/f', (2 * block + 1) * 4096, 4096);
  await world.kernel.clock.advance(1);
  const started: StartOptions[] = [];
  const environment: Partial<Environment> = {
    openFile: (path) => ({ file: fs.open(path), fd: 3 }),
    statsMemory: { cpus: 2, limitBytes: 1024 * MIB, usedBytes: 0 },
    async startFilemapd(options) {
      started.push(options);
    },
  };
  const run = (words: string, more: Partial<Environment> = {}) =>
    world.run(words.split(' '), { ...environment, ...more });
  const ok = async (words: string): Promise<string> => {
    const { status, stdout, stderr } = await run(words);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  };
  return { world, fs, started, run, ok };
}

// From the second block to the last: 299 blocks and the 298 between them; 65 664 bytes a region, 328 an area.
const AREAS = 597;
const BYTES = 3 * 65_664 + (AREAS + 2) * 328;

test('create --filemap --dry-run says what would be created at what cost, and creates nothing', async () => {
  const { ok, world, started } = await mounted();
  assert.equal(
    await ok('create --filemap --dry-run /f'),
    `/f: Would create a group with 3 regions for 300 extents, 2 of them shared by 299 extents in ${AREAS} areas: ` +
      `${(BYTES / MIB).toFixed(1)} MiB of kernel memory, 3 drains of the device, 3 list steps on each of its I/Os.\n` +
      `/f: A region for each extent would be 300 regions with ${((300 * 65_992) / MIB).toFixed(1)} MiB.\n`,
  );
  const { rows } = JSON.parse(await ok('create --filemap --dry-run --json /f'));
  assert.deepEqual(rows, [
    {
      action: 'planned_file',
      file: '/f',
      device: 't0',
      extent_count: 300,
      region_count: 3,
      single_region_count: 1,
      packed_region_count: 2,
      packed_area_count: AREAS,
      kernel_memory_bytes: BYTES,
      unpacked_region_count: 300,
      unpacked_kernel_memory_bytes: 300 * 65_992,
      free_kernel_memory_bytes: 1024 * MIB,
    },
  ]);
  assert.equal(world.regions('t0'), '');
  assert.deepEqual(started, []);
});

test('create --filemap --dry-run tells of a plain mapping in one line', async () => {
  const { ok } = await mounted();
  assert.match(
    await ok('create --filemap --dry-run --max-regions 300 /f'),
    /^\/f: Would create a group with 300 regions for 300 extents: 18\.9 MiB of [^\n]*, 300 list steps [^\n]*\n$/,
  );
});

test('create --filemap packs many extents, and tells the daemon how many regions there may be', async () => {
  const { ok, started } = await mounted();
  assert.equal(await ok('create --filemap /f'), '/f: Created new group with 3 region(s) as group ID 0.\n');
  assert.equal(started[0]?.maxRegions, 256);
  await ok('delete --groupid 0 t0');
  await ok('create --filemap --max-regions 300 /f');
  assert.equal(started[1]?.maxRegions, 300);
});

test('create --filemap refuses what there is no memory for, and limits that cannot be kept', async () => {
  const { run, world } = await mounted();
  const memory = { statsMemory: { cpus: 2, limitBytes: 10 * MIB, usedBytes: 10 * MIB - 1000 } };
  for (const words of ['create --filemap /f', 'create --filemap --dry-run /f']) {
    const { status, stderr, stdout } = await run(words, memory);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      /^\/f: Cannot map file: its 300 extents would take 0\.4 MiB of kernel memory in 3 regions[^\n]*\n$/,
    );
  }
  assert.match((await run('create --filemap --max-regions 2 /f')).stderr, /need 3 at least\n$/);
  assert.match((await run('create --filemap --max-regions 0 /f')).stderr, /^Invalid --max-regions argument "0"/);
  assert.match((await run('create --dry-run t0')).stderr, /^Cannot use --dry-run with create without --filemap\.\n$/);
  assert.equal(world.regions('t0'), '');
});

test('list, report and clear show a packed file as one group, and delete leaves nothing of it', async () => {
  const { ok, run, fs, world } = await mounted();
  await ok('create --filemap --nomonitor /f');
  fs.read('/f', 0, 600 * 4096);
  await world.kernel.clock.advance(100);
  const fields = '-o obj_type,region_len,read_count,read_sector_count --units s --nosuffix --noheadings';
  assert.equal(await ok(`report --group ${fields} t0`), 'group:2400:300:2400\n');
  assert.equal((await ok('list --region --noheadings -o region_id t0')).trim(), '0');
  // One foreign I/O over many blocks of the span: how many of the reads are the file's is not known any more.
  const [, start = ''] = /^1: (\d+)\+/m.exec(world.regions('t0')) ?? [];
  world.read('t0', Number(start) + 8, 8);
  assert.equal(await ok(`report --group ${fields} t0`), 'group:2400:300:2400\n');
  world.read('t0', Number(start), 800);
  const { status, stdout, stderr } = await run(`report --group ${fields} t0`);
  assert.equal(status, 0);
  // 8 + 400 of 3208 sectors.
  assert.equal((await run('report --group -o foreign --noheadings t0')).stdout.trim(), '12.72');
  const { rows } = JSON.parse((await run('report --group --json -o foreign t0')).stdout);
  assert.deepEqual([rows[0].foreign_ratio, rows[0].foreign_bytes], [408 / 3208, 408 * 512]);
  assert.match(stdout, /^group:2400:\d+:2800\n$/);
  assert.match(stderr, /^t0: I\/O counts of f may be off by \d+, and its times are shares: [^\n]*\n$/);
  await ok('clear --allregions t0');
  assert.equal(await ok(`report --group ${fields} t0`), 'group:2400:0:0\n');
  await ok('delete --groupid 0 t0');
  assert.equal(world.regions('t0'), '');
});

test('metrics of a packed file leave out what other files’ I/O makes an estimate, and keep its sectors', async () => {
  const { ok, fs, world } = await mounted();
  await ok('create --filemap --nomonitor /f');
  fs.read('/f', 0, 600 * 4096);
  const metric = async (name: string): Promise<string | undefined> =>
    new RegExp(`^dmstats_group_${name}\\{.*\\} (.*)$`, 'm').exec(await ok('metrics'))?.[1];
  assert.equal(await metric('read_bytes_total'), `${300 * 4096}`);
  assert.equal(await metric('reads_completed_total'), '300');
  assert.equal(await metric('size_bytes'), `${300 * 4096}`);
  assert.equal(await metric('foreign_ratio'), '0');
  // How many of the reads are the file's is not known any more.
  const [, start = ''] = /^1: (\d+)\+/m.exec(world.regions('t0')) ?? [];
  world.read('t0', Number(start), 800);
  assert.equal(await metric('reads_completed_total'), undefined);
  assert.equal(await metric('read_time_seconds_total'), undefined);
  assert.equal(await metric('writes_completed_total'), '0');
  assert.equal(await metric('foreign_ratio'), '0.125');
  // A read over both is the file's where it touches its blocks.
  assert.equal(await metric('read_bytes_total'), `${350 * 4096}`);
});
