import assert from 'node:assert/strict';
import test from 'node:test';
import type { RegionOptions } from '../../../src/filemap/apply.ts';
import type { Extents, Run } from '../../../src/filemap/extents.ts';
import { FRESH_MS, LookAhead, QUIET_MS } from '../../../src/filemap/lookahead/look-ahead.ts';
import { DeviceMapper } from '../../../src/mapper/device-mapper.ts';
import { nanoseconds } from '../../../src/mapper/units.ts';
import { SimulatedKernel } from '../../../src/simulator/index.ts';
import { DeviceStats } from '../../../src/stats/device-stats.ts';

const DEVICE_SECTORS = 2 ** 20;
const SPACE = { blockSectors: 8, deviceSectors: DEVICE_SECTORS };
const TAIL = 4096;
const extents = (...runs: Run[]): Extents => ({ runs, tail: runs.at(-1)?.end, pending: false, notes: [] });
const FILE: Run = { start: TAIL - 64, end: TAIL };
const NEXT: Run = { start: TAIL, end: TAIL + 24 };

/** A look-ahead for a file that ends at `TAIL`, a moment after its layers were laid. */
class Scene {
  now = 1000;
  readonly kernel = new SimulatedKernel();
  readonly device = this.kernel.addDevice('vol', { sectors: DEVICE_SECTORS }).number;
  readonly stats = new DeviceStats(new DeviceMapper(this.kernel.openControl()), { name: 'vol' });
  readonly ahead: LookAhead;

  constructor(region: Omit<RegionOptions, 'programId'> = {}) {
    const options = { cpus: 2, word: 'w' };
    this.ahead = new LookAhead(this.stats, 3, { programId: 'dmstats', ...region }, options, () => this.now);
  }

  async begin(): Promise<this> {
    this.ahead.sawWrites(0n);
    await this.look(FILE);
    return this;
  }

  /** A look at a file with these extents, with a reading when one is due. */
  async look(...runs: Run[]): Promise<void> {
    const reading = await this.ahead.read();
    this.ahead.remember({ extents: extents(...runs), covered: [], grown: [] }, reading);
    await this.ahead.adjust(SPACE, async () => extents(...runs));
  }

  write({ start, end }: Run): void {
    this.kernel.io({ device: this.device, direction: 'write', sector: start, sectors: end - start, durationNs: 0 });
  }

  async held(run: Run): Promise<readonly [sectors: number, written: bigint]> {
    const { sectors, counted } = await this.ahead.held(run);
    return [sectors, counted.writeSectors];
  }

  lines(): string[] {
    return (this.kernel.message('vol', '@stats_list') ?? '').split('\n').filter((line) => line !== '');
  }
}

test('LookAhead.held() has what was written to free sectors', async () => {
  const scene = await new Scene().begin();
  scene.write(NEXT);
  scene.write({ start: NEXT.start, end: NEXT.start + 8 });
  assert.deepEqual(await scene.held(NEXT), [24, 32n]);
});

test('LookAhead.held() has the latencies of what was written, in the bins and the precision of the group', async () => {
  const bounds = [nanoseconds(1_500n), nanoseconds(9_000n)];
  const scene = await new Scene({ precise: true, bounds }).begin();
  const request = { device: scene.device, direction: 'write', sector: NEXT.start, sectors: 8 } as const;
  for (const durationNs of [1_000, 2_000, 20_000, 30_000]) scene.kernel.io({ ...request, durationNs });
  await scene.kernel.clock.advance(1);
  const { counted } = await scene.ahead.held({ start: NEXT.start, end: NEXT.start + 8 });
  assert.deepEqual(counted.histogram, [1n, 1n, 2n]);
  assert.equal(counted.writeNs, 53_000n);
});

test('LookAhead.held() has nothing of the file’s old sectors, whose I/O its regions count', async () => {
  const scene = await new Scene().begin();
  scene.write(FILE);
  assert.deepEqual(await scene.held(FILE), [0, 0n]);
});

test('LookAhead.held() leaves out what others wrote before', async () => {
  const scene = await new Scene().begin();
  scene.write(NEXT);
  scene.now += 1000;
  await scene.look(FILE);
  assert.deepEqual(await scene.held(NEXT), [24, 0n]);
  scene.write(NEXT);
  assert.deepEqual(await scene.held(NEXT), [24, 24n]);
});

test('LookAhead.held() has nothing once the baseline is too old, except while nobody writes', async () => {
  const scene = await new Scene().begin();
  scene.now += FRESH_MS;
  scene.ahead.sawWrites(0n);
  scene.now += FRESH_MS;
  scene.write(NEXT);
  scene.ahead.sawWrites(1n);
  assert.deepEqual(await scene.held(NEXT), [24, 24n]);
  scene.now += 1;
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
});

test('LookAhead.held() has nothing where a region of the group was when the baseline was read', async () => {
  const scene = await new Scene().begin();
  scene.now += 1000;
  const reading = await scene.ahead.read();
  scene.write(NEXT);
  // The file has given the sectors up, its region still counted them.
  scene.ahead.remember({ extents: extents(FILE), covered: [NEXT], grown: [] }, reading);
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
});

test('LookAhead.held() has nothing of sectors that were the file’s at a look without a reading', async () => {
  const scene = await new Scene().begin();
  scene.write(NEXT);
  for (const runs of [[FILE, NEXT], [FILE]]) {
    scene.ahead.remember({ extents: extents(...runs), covered: [], grown: [] }, undefined);
  }
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
});

test('LookAhead.held() has nothing of what another file did before it was followed', async () => {
  const scene = await new Scene().begin();
  scene.write(NEXT);
  scene.ahead.forget();
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
  scene.now += 1000;
  await scene.look(FILE);
  scene.write(NEXT);
  assert.deepEqual(await scene.held(NEXT), [24, 24n]);
});

test('LookAhead.held() trusts no region that took the id of one that others deleted', async () => {
  const scene = await new Scene().begin();
  const line = scene.lines().find((text) => / 8 dmfilemapd-ahead /.test(text)) as string;
  const id = Number(line.split(':')[0]);
  scene.kernel.message('vol', `@stats_delete ${id}`);
  scene.kernel.message('vol', `@stats_create ${NEXT.start}+8000 8 other -`);
  scene.write(NEXT);
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
  await scene.look(FILE);
  assert.equal(scene.lines().filter((text) => / 8 dmfilemapd-ahead /.test(text)).length, 1, 'laid anew');
});

test('LookAhead.keepListed() gives up what is not in the list', async () => {
  const scene = await new Scene().begin();
  scene.ahead.keepListed(new TextEncoder().encode('0: 0+8 8 dmfilemapd-ahead group=3,other\n'));
  scene.write(NEXT);
  assert.deepEqual(await scene.held(NEXT), [0, 0n]);
});

test('LookAhead.rename() has its regions name the group', async () => {
  const scene = await new Scene().begin();
  await scene.ahead.rename(17);
  assert.ok(scene.lines().every((line) => line.endsWith(' dmfilemapd-ahead group=17,w')));
});

test('LookAhead.adjust() takes at most 8 MiB of kernel memory, and a third of a MiB when the file is quiet', async () => {
  const scene = await new Scene().begin();
  // Each region costs 65 664 bytes besides its areas.
  assert.ok(scene.kernel.statsMemory.usedBytes <= (8 << 20) + 3 * 65_664);
  assert.equal(scene.lines().length, 3);
  scene.now += QUIET_MS;
  await scene.look(FILE);
  await scene.look(FILE);
  assert.equal(scene.lines().length, 1);
  assert.ok(scene.kernel.statsMemory.usedBytes <= 1024 * 328 + 65_664);
});

test('LookAhead.adjust() keeps the old areas for one more look when it moves, and credits nothing to new ones too early', async () => {
  const scene = await new Scene().begin();
  const far: Run = { start: 600_000, end: 600_064 };
  const late: Run = { start: 600_064, end: 600_072 };
  scene.ahead.remember({ extents: extents(FILE, far), covered: [], grown: [far] }, await scene.ahead.read());
  // Allocated and written while the new layer was being laid.
  await scene.ahead.adjust(SPACE, async () => {
    scene.write(late);
    return extents(FILE, far, late);
  });
  assert.equal(scene.lines().length, 4);
  assert.deepEqual(await scene.held(late), [0, 0n]);
  scene.write(NEXT);
  assert.deepEqual(await scene.held(NEXT), [24, 24n], 'the old place is still watched');
  const next: Run = { start: 600_072, end: 600_080 };
  scene.write(next);
  assert.deepEqual(await scene.held(next), [8, 8n]);
  await scene.look(FILE, far, late);
  assert.equal(scene.lines().length, 3);
});

test('LookAhead.adjust() tells a refusal once a minute', async () => {
  const scene = new Scene();
  scene.kernel.failNext({ errno: 12, text: '@stats_create', times: 1000 });
  const adjust = () => scene.ahead.adjust(SPACE, async () => extents(FILE));
  scene.ahead.remember({ extents: extents(FILE), covered: [], grown: [] }, undefined);
  assert.match((await adjust())?.message ?? '', /ENOMEM/);
  assert.equal(await adjust(), undefined);
  assert.deepEqual(scene.lines(), []);
  scene.now += 60_000;
  assert.match((await adjust())?.message ?? '', /ENOMEM/);
});
