/**
 * A daemon follows a path to another device and is killed on the way; then another one is started, as its manual page
 * says, for the path and the group's id, the one of before or the one that a list shows now.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { runFilemapd } from '../../src/filemapd/run.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { SimulatedFileSystem, SimulatedKernel } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { CountedReads, type FoundGroup } from './counted-reads.ts';
import { LinkedFile } from './linked-file.ts';

const BLOCK = 4096;
const BLOCKS = 12;
const FILE = '/data';
/** What the path names goes from device to device, as behind a symbolic link. */
const PATH = '/link/data';
const DEVICES = ['old', 'new', 'third'] as const;
type Name = (typeof DEVICES)[number];
const MEMORY = { cpus: 2, limitBytes: 2 ** 30, usedBytes: 0 };

interface DaemonEnd {
  readonly status: number;
  readonly message: string;
}

class Linked {
  readonly kernel = new SimulatedKernel();
  readonly #systems = new Map<Name, SimulatedFileSystem>();
  readonly #dm = new DeviceMapper(this.kernel.openControl());
  readonly log: string[] = [];
  target: Name = 'old';
  /** Requests of the daemon since this was set to 0. */
  requests = 0;
  killAt = Number.POSITIVE_INFINITY;
  #life = { isKilled: false, stop: new AbortController() };
  readonly #counted = new CountedReads(DEVICES, (name: Name) => this.stats(name), ['foreign']);
  #end: DaemonEnd | undefined;
  #lives = 0;

  static async begin(): Promise<Linked> {
    const world = new Linked();
    for (const [index, name] of DEVICES.entries()) {
      const { number } = world.kernel.addDevice(name, { sectors: 2 ** 16 });
      const fs = new SimulatedFileSystem(world.kernel, number, { seed: 5 + index });
      world.#systems.set(name, fs);
      for (const path of ['/other', FILE]) {
        fs.create(path);
        fs.longestRun = 4;
        fs.write(path, 0, BLOCKS * BLOCK);
      }
      // On each device other ids; on the last one the group's is a foreign one's.
      const stats = new DeviceStats(world.#dm, number);
      if (name === 'old') await stats.createRegion({ programId: 'other' });
      if (name !== 'third') continue;
      await world.kernel.clock.advance(1);
      await stats.createRegion({ programId: 'other', range: { start: sectors(0), length: sectors(8) } });
      using other = fs.open('/other');
      await createFilemap(world.#dm, other, { programId: 'dmstats', alias: 'foreign', memory: MEMORY });
    }
    await world.kernel.clock.advance(1);
    using file = world.#system('old').open(FILE);
    const { groupId = -1 } = await createFilemap(world.#dm, file, {
      programId: 'dmstats',
      alias: 'data',
      memory: MEMORY,
    });
    world.kernel.onIoctl = ({ command }) => {
      if (world.#counted.isLooking || command === 'DM_VERSION') return undefined;
      if (++world.requests >= world.killAt) world.kill();
      return world.#life.isKilled ? ERRNO.EIO : undefined;
    };
    world.launch(groupId);
    await world.kernel.clock.advance(200);
    await world.readAll();
    return world;
  }

  #system(name: Name): SimulatedFileSystem {
    const fs = this.#systems.get(name);
    assert.ok(fs !== undefined);
    return fs;
  }

  stats(name: Name): DeviceStats {
    return new DeviceStats(this.#dm, this.#system(name).device);
  }

  launch(groupId: number): void {
    const life = { isKilled: false, stop: new AbortController() };
    this.#life = life;
    this.#end = undefined;
    const onEnd = (end: DaemonEnd): void => {
      if (!life.isKilled) this.#end = end;
    };
    runFilemapd({
      dm: new DeviceMapper(this.kernel.openControl()),
      follow: (onNotice) => new LinkedFile(() => ({ system: this.#system(this.target), path: FILE }), onNotice),
      clock: this.kernel.clock,
      groupId,
      mode: 'path',
      path: PATH,
      absenceMs: 1000,
      lookAhead: { cpus: 2, word: `life${++this.#lives}`, bytes: 1 << 20 },
      memory: MEMORY,
      log: (_level, text) => this.log.push(text),
      signal: life.stop.signal,
    }).then(onEnd, (error: unknown) => onEnd({ status: -1, message: String(error) }));
  }

  /** From now on nothing of what it asks happens. */
  kill(): void {
    this.#life.isKilled = true;
    this.#life.stop.abort();
  }

  #ended(): DaemonEnd | undefined {
    return this.#end;
  }

  get isKilled(): boolean {
    return this.#life.isKilled;
  }

  async readAll(): Promise<void> {
    await this.#counted.read(this.#system(this.target), FILE, BLOCKS * BLOCK);
  }

  /** The group's device and id, which must be one; its counts must be what was read. */
  async check(when: string): Promise<FoundGroup<Name>> {
    return this.#counted.check(when);
  }

  /** The new daemon follows, all was counted, and when it has ended there is nothing but the group. */
  async assertSettled(when: string): Promise<void> {
    await this.kernel.clock.advance(7000);
    assert.equal(this.#ended(), undefined, when);
    assert.equal((await this.check(when)).name, this.target, when);
    await this.readAll();
    await this.check(`${when}, read`);
    this.#life.stop.abort();
    await this.kernel.clock.advance(100);
    assert.deepEqual(this.#ended(), { type: 'exit', status: 0, message: 'Stopped.' });
    for (const name of DEVICES) {
      const { regions, groups, problems } = await this.#counted.look(() => this.stats(name).list());
      assert.deepEqual(problems, []);
      const own = groups.find(({ alias }) => alias === 'data')?.members ?? [];
      const foreign = groups.find(({ alias }) => alias === 'foreign')?.members ?? [];
      const strays = regions.filter(({ id, programId }) => {
        return programId !== 'other' && !own.includes(id) && !foreign.includes(id);
      });
      assert.deepEqual(strays, [], `${when}: left on ${name}`);
      assert.equal(
        groups.some(({ alias }) => alias === 'foreign'),
        name === 'third',
        when,
      );
      assert.equal(groups.find(({ alias }) => alias === 'data')?.partner, undefined, when);
    }
  }

  /** The path names a file on another device from now on. */
  async go(target: Name): Promise<void> {
    this.target = target;
    this.requests = 0;
    await this.kernel.clock.advance(6000);
  }
}

/** How many requests a daemon makes from the switch on, until it is at rest. */
async function requestsOf(target: Name): Promise<number> {
  const world = await Linked.begin();
  await world.go(target);
  const { requests } = world;
  await world.assertSettled('not killed');
  return requests;
}

for (const target of ['new', 'third'] as const) {
  for (const given of ['the id before', 'the id now'] as const) {
    test(`runFilemapd() after one that was killed while it moved a group to ${target}, started with ${given}`, async (t) => {
      const requests = await requestsOf(target);
      for (let request = 1; request <= requests; request++) {
        const world = await Linked.begin();
        const { groupId } = await world.check('followed');
        world.killAt = request;
        await world.go(target);
        assert.ok(world.isKilled);
        const when = `killed at request ${request}`;
        const found = await world.check(when);
        world.killAt = Number.POSITIVE_INFINITY;
        world.launch(given === 'the id before' ? groupId : found.groupId);
        await world.assertSettled(when);
      }
      t.diagnostic(`${requests} kills`);
    });
  }
}

test('runFilemapd() picks up a group whose file went on to a third device, or back, while nobody followed it', async () => {
  const requests = await requestsOf('new');
  for (const last of ['third', 'old'] as const) {
    for (let request = 1; request <= requests; request++) {
      const world = await Linked.begin();
      const { groupId } = await world.check('followed');
      world.killAt = request;
      await world.go('new');
      world.killAt = Number.POSITIVE_INFINITY;
      world.target = last;
      world.launch(groupId);
      await world.assertSettled(`killed at request ${request}, then ${last}`);
    }
  }
});
