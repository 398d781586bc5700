import assert from 'node:assert/strict';
import test from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { runFilemapd } from '../../src/filemapd/run.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedFileSystem, SimulatedFollowedFile, SimulatedKernel } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { SystemError } from '../../src/system/errors.ts';

const BLOCK = 4096;
const FILE = '/data';
const BLOCKS = 4;
const RESERVED = 16;
const MEMORY = { cpus: 2, limitBytes: 2 ** 30, usedBytes: 0 };

interface Life {
  isKilled: boolean;
  readonly stop: AbortController;
  end: unknown;
}

/** A file whose daemons keep space reserved past its end, and may be killed. */
class Reserving {
  readonly kernel = new SimulatedKernel();
  readonly fs: SimulatedFileSystem;
  readonly #dm = new DeviceMapper(this.kernel.openControl());
  readonly stats: DeviceStats;
  readonly log: string[] = [];
  readonly #foreign: number;
  requests = 0;
  killAt = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #life: Life = { isKilled: false, stop: new AbortController(), end: undefined };

  private constructor(foreign: number) {
    const { number } = this.kernel.addDevice('vol', { sectors: 2 ** 16 });
    this.fs = new SimulatedFileSystem(this.kernel, number);
    this.stats = new DeviceStats(this.#dm, number);
    this.#foreign = foreign;
  }

  /** @param foreign blocks that others have reserved past the end */
  static async begin(foreign: number): Promise<Reserving> {
    const world = new Reserving(foreign);
    const { fs, kernel } = world;
    fs.create(FILE);
    fs.write(FILE, 0, BLOCKS * BLOCK);
    if (foreign > 0) fs.fallocate(FILE, BLOCKS * BLOCK, foreign * BLOCK, { keepSize: true });
    await kernel.clock.advance(1);
    using file = fs.open(FILE);
    await createFilemap(world.#dm, file, { programId: 'dmstats', alias: 'data', memory: MEMORY });
    kernel.onIoctl = ({ command }) => {
      if (world.#isLooking || command === 'DM_VERSION') return undefined;
      if (++world.requests >= world.killAt) world.kill();
      return world.#life.isKilled ? ERRNO.EIO : undefined;
    };
    return world;
  }

  async launch(preallocate: bigint | undefined): Promise<void> {
    const life: Life = { isKilled: false, stop: new AbortController(), end: undefined };
    this.#life = life;
    this.killAt += this.requests;
    const groupId = (await this.groups())[0]?.id ?? -1;
    const check = (): void => {
      if (life.isKilled) throw new SystemError('fallocate', ERRNO.EIO);
    };
    runFilemapd({
      dm: new DeviceMapper(this.kernel.openControl()),
      follow: (onNotice) => {
        const file = this.fs.follow(FILE, { onNotice });
        const { reserve, freePastEnd } = SimulatedFollowedFile.prototype;
        file.reserve = async (bytes) => {
          check();
          await reserve.call(file, bytes);
        };
        file.freePastEnd = async (keepTo) => {
          check();
          return freePastEnd.call(file, keepTo);
        };
        return file;
      },
      clock: this.kernel.clock,
      groupId,
      mode: 'inode',
      absenceMs: 1000,
      preallocate,
      memory: MEMORY,
      log: (_level, text) => void (life.isKilled || this.log.push(text)),
      signal: life.stop.signal,
    }).then(
      (end) => {
        life.end = end;
      },
      (error: unknown) => {
        life.end = error;
      },
    );
    await this.kernel.clock.advance(1000);
    this.killAt = Number.POSITIVE_INFINITY;
  }

  kill(): void {
    this.#life.isKilled = true;
    this.#life.stop.abort();
  }

  get isKilled(): boolean {
    return this.#life.isKilled;
  }

  async stop(): Promise<void> {
    this.#life.stop.abort();
    await this.kernel.clock.advance(100);
    assert.deepEqual(this.#life.end, { type: 'exit', status: 0, message: 'Stopped.' });
  }

  async groups() {
    this.#isLooking = true;
    try {
      return (await this.stats.list()).groups;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Blocks past the end. */
  get pastEnd(): number {
    const { blocks, size } = this.fs.factsOf(this.fs.inode(FILE));
    return (Number(blocks) * 512 - Number(size)) / BLOCK;
  }

  async assertAsBefore(when: string): Promise<void> {
    assert.equal(this.pastEnd, this.#foreign, `${when}: ${this.log}`);
    const [group] = await this.groups();
    assert.equal(group?.reserved, undefined, when);
    assert.equal(group?.missed, 0n, when);
  }
}

const BYTES = BigInt(RESERVED * BLOCK);
const WAYS: readonly (readonly [name: string, bytes: bigint | undefined])[] = [
  ['with --preallocate', BYTES],
  ['without it', undefined],
];

for (const foreign of [0, 3]) {
  for (const [name, bytes] of WAYS) {
    test(`dmfilemapd started ${name} frees what one reserved that was killed at any request, beside ${foreign} blocks of others`, async (t) => {
      const whole = await Reserving.begin(foreign);
      await whole.launch(BYTES);
      assert.ok(whole.pastEnd >= RESERVED);
      const { requests } = whole;
      await whole.stop();
      await whole.assertAsBefore('not killed');
      let reserved = 0;
      for (let request = 1; request <= requests; request++) {
        const world = await Reserving.begin(foreign);
        world.killAt = request;
        await world.launch(BYTES);
        assert.ok(world.isKilled);
        if (world.pastEnd > foreign) reserved++;
        await world.launch(bytes);
        assert.equal(world.pastEnd, bytes === undefined ? foreign : Math.max(foreign, RESERVED), `${world.log}`);
        await world.stop();
        await world.assertAsBefore(`killed at request ${request}`);
      }
      assert.ok(reserved > 0);
      t.diagnostic(`${requests} kills, after ${reserved} of which something was reserved`);
    });
  }
}

test('dmfilemapd that cannot free what it reserved leaves it to the next one', async () => {
  const world = await Reserving.begin(0);
  await world.launch(BYTES);
  const writer = world.fs.open(FILE);
  await world.stop();
  assert.equal(world.pastEnd, RESERVED);
  assert.notEqual((await world.groups())[0]?.reserved, undefined);
  await world.launch(undefined);
  assert.equal(world.pastEnd, RESERVED);
  writer[Symbol.dispose]();
  await world.stop();
  await world.assertAsBefore('freed at the end of the next');
});

test('dmfilemapd takes nothing that is reserved past another file for its own', async () => {
  const world = await Reserving.begin(0);
  await world.launch(BYTES);
  world.kill();
  await world.kernel.clock.advance(100);
  world.fs.create('/new');
  world.fs.write('/new', 0, BLOCKS * BLOCK);
  world.fs.fallocate('/new', BLOCKS * BLOCK, 5 * BLOCK, { keepSize: true });
  world.fs.rename('/new', FILE);
  await world.launch(undefined);
  assert.ok(
    world.log.some((text) => text.includes('of the file that was followed before')),
    `${world.log}`,
  );
  assert.equal(world.pastEnd, 5);
  await world.stop();
  assert.equal(world.pastEnd, 5);
  assert.equal((await world.groups())[0]?.reserved, undefined);
});
