import assert from 'node:assert/strict';
import test from 'node:test';
import type { FileView } from '../../src/filemap/file-view.ts';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { moveFilemap } from '../../src/filemap/move.ts';
import { updateFilemap } from '../../src/filemap/update.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedFileSystem, SimulatedKernel, SimulatedRandom } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { CountedReads, type FoundGroup } from './counted-reads.ts';

// More or others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? 20);
const REFUSED = /EIO|ENOMEM/;
const BLOCK = 4096;
const BLOCKS = 60;
const FILE = '/data';
const FAR = Number.POSITIVE_INFINITY;
const DEVICES = ['old', 'new', 'third'] as const;
type Name = (typeof DEVICES)[number];

/** A file with a group on the device `old`, and another one of its name on the two others. */
class Moving {
  readonly kernel = new SimulatedKernel();
  readonly dm = new DeviceMapper(this.kernel.openControl());
  readonly systems = new Map<Name, SimulatedFileSystem>();
  readonly #maxRegions: number;
  /** Requests of the process that moves. */
  requests = 0;
  /** From this request on nothing of what it asks happens. */
  killAt = FAR;
  /** This request of its is refused. */
  refuseAt = FAR;
  readonly #counted = new CountedReads(DEVICES, (name: Name) => this.stats(name));

  private constructor(maxRegions: number) {
    this.#maxRegions = maxRegions;
    for (const [index, name] of DEVICES.entries()) {
      const { number } = this.kernel.addDevice(name, { sectors: 2 ** 16 });
      const fs = new SimulatedFileSystem(this.kernel, number, { seed: 5 + index });
      this.systems.set(name, fs);
      for (const path of [FILE, '/other']) {
        fs.create(path);
        fs.longestRun = 1;
        fs.write(path, 0, BLOCKS * BLOCK);
      }
    }
  }

  static async begin(maxRegions: number): Promise<Moving> {
    const world = new Moving(maxRegions);
    await world.kernel.clock.advance(1);
    using file = world.open('old');
    await createFilemap(world.dm, file, { programId: 'dmstats', alias: 'data', maxRegions });
    await world.readAll('old');
    world.kernel.onIoctl = () => {
      if (world.#counted.isLooking) return undefined;
      const request = ++world.requests;
      return request >= world.killAt ? ERRNO.EIO : request === world.refuseAt ? ERRNO.ENOMEM : undefined;
    };
    return world;
  }

  #system(name: Name): SimulatedFileSystem {
    const fs = this.systems.get(name);
    assert.ok(fs !== undefined);
    return fs;
  }

  stats(name: Name): DeviceStats {
    return new DeviceStats(this.dm, this.#system(name).device);
  }

  open(name: Name): FileView {
    return this.#system(name).open(FILE);
  }

  async readAll(name: Name): Promise<void> {
    await this.#counted.read(this.#system(name), FILE, BLOCKS * BLOCK);
  }

  /** Where the group is, when it is in one place and says what was read. */
  async check(when: string): Promise<FoundGroup<Name>> {
    return this.#counted.check(when);
  }

  /** One process moves the group to where the file is now; false when it was killed or refused. */
  async move(target: Name): Promise<boolean> {
    const { name, groupId } = await this.check('before');
    using file = this.open(target);
    try {
      await moveFilemap(this.dm, file, this.stats(name), groupId, { maxRegions: this.#maxRegions });
      return true;
    } catch (error) {
      assert.match(String(error), REFUSED);
      return false;
    }
  }

  /** A process moves the group when it is not where the file is, and updates it; false when it was killed or refused. */
  async live(target: Name): Promise<boolean> {
    const { name } = await this.check('after');
    if (name !== target && !(await this.move(target))) return false;
    const { groupId } = await this.check('moved');
    using file = this.open(target);
    try {
      await updateFilemap(this.dm, file, { groupId, alone: true, maxRegions: this.#maxRegions });
      return true;
    } catch (error) {
      assert.match(String(error), REFUSED);
      return false;
    }
  }

  async restart(target: Name): Promise<void> {
    this.killAt = FAR;
    this.refuseAt = FAR;
    assert.ok(await this.live(target));
  }

  /** The group is where its file is, and of it there is nothing but its regions. */
  async assertSettled(target: Name): Promise<void> {
    assert.equal((await this.check('settled')).name, target);
    for (const name of DEVICES) {
      const { regions, groups, spans, problems } = await this.#counted.look(() => this.stats(name).list());
      const [group] = groups;
      assert.deepEqual(problems, []);
      const shared = [...(spans?.values() ?? [])].flat().flatMap(({ areas, whole }) => [areas.id, whole.id]);
      const own = [...(group?.members ?? []), ...shared].sort((a, b) => a - b);
      assert.deepEqual(
        regions.map(({ id }) => id),
        own,
        `regions of ${name}`,
      );
      for (const { id, aux } of regions) if (id !== group?.id) assert.doesNotMatch(aux, /^handover=/);
      assert.equal(group?.partner, undefined);
    }
    await this.readAll(target);
    await this.check('at the end');
  }
}

for (const [kind, maxRegions] of [
  ['a region an extent', 1000],
  ['shared regions', 8],
] as const) {
  test(`moveFilemap() that is killed at any request leaves one group with all counts, ${kind}`, async (t) => {
    const whole = await Moving.begin(maxRegions);
    assert.ok(await whole.move('new'));
    await whole.assertSettled('new');
    for (let request = 1; request <= whole.requests; request++) {
      const world = await Moving.begin(maxRegions);
      world.killAt = request;
      assert.equal(await world.move('new'), false);
      await world.check(`killed at request ${request}`);
      await world.restart('new');
      await world.assertSettled('new');
    }
    t.diagnostic(`${whole.requests} kills`);
  });

  test(`moveFilemap() that is killed at any request leaves nothing where the file is no more, ${kind}`, async () => {
    const whole = await Moving.begin(maxRegions);
    assert.ok(await whole.move('new'));
    for (let request = 1; request <= whole.requests; request++) {
      for (const target of ['third', 'old'] as const) {
        const world = await Moving.begin(maxRegions);
        world.killAt = request;
        assert.equal(await world.move('new'), false);
        await world.restart(target);
        await world.assertSettled(target);
      }
    }
  });

  test(`moveFilemap() that is refused any request is made good by the next try, ${kind}`, async () => {
    const whole = await Moving.begin(maxRegions);
    assert.ok(await whole.move('new'));
    for (let request = 1; request <= whole.requests; request++) {
      const world = await Moving.begin(maxRegions);
      world.refuseAt = request;
      await world.move('new');
      await world.check(`refused request ${request}`);
      await world.restart('new');
      await world.assertSettled('new');
    }
  });
}

test('a group that moves is one with all counts however often those who move it are killed', async (t) => {
  let kills = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new SimulatedRandom(seed);
    const world = await Moving.begin(random.chance(0.5) ? 8 : 1000);
    const targets = ['new', 'third', 'old'] as const;
    let target: Name = 'new';
    try {
      for (let life = 0; life < 12; life++) {
        if (random.chance(0.3)) target = targets[random.below(targets.length)] as Name;
        world.requests = 0;
        world.killAt = 1 + random.below(random.chance(0.5) ? 40 : 400);
        if (!(await world.live(target))) kills++;
        world.killAt = FAR;
        await world.check(`life ${life}`);
      }
      await world.restart(target);
      await world.assertSettled(target);
    } catch (error) {
      throw new Error(`DM_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  t.diagnostic(`${kills} kills`);
});

test('DeviceStats.deleteGroup() of a group that has moved deletes what is left of it, which would be a group again', async () => {
  const whole = await Moving.begin(8);
  assert.ok(await whole.move('new'));
  for (let request = 1; request <= whole.requests; request++) {
    const world = await Moving.begin(8);
    world.killAt = request;
    await world.move('new');
    world.killAt = FAR;
    const { name, groupId } = await world.check('killed');
    const group = (await world.stats(name).list()).groups.find(({ id }) => id === groupId);
    assert.ok(group !== undefined);
    await world.stats(name).deleteGroup(group);
    for (const device of DEVICES) assert.deepEqual((await world.stats(device).list()).regions, [], device);
  }
});
