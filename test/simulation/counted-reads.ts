import assert from 'node:assert/strict';
import type { SimulatedFileSystem } from '../../src/simulator/index.ts';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import { read, totals } from '../../src/stats/sampler.ts';

/** Where a group is. */
export interface FoundGroup<Name> {
  readonly name: Name;
  readonly groupId: number;
}

/** What the group `data` must have counted, on whatever device it is. */
export class CountedReads<Name> {
  readonly #devices: readonly Name[];
  readonly #statsOf: (name: Name) => DeviceStats;
  readonly #others: readonly string[];
  #readSectors = 0n;
  /** Whether requests are the test's own. */
  isLooking = false;

  /** @param others the names of groups that may be there, too */
  constructor(devices: readonly Name[], statsOf: (name: Name) => DeviceStats, others: readonly string[] = []) {
    this.#devices = devices;
    this.#statsOf = statsOf;
    this.#others = others;
  }

  /** Reads so many bytes from the file's beginning. */
  async read(system: SimulatedFileSystem, path: string, bytes: number): Promise<void> {
    system.read(path, 0, bytes);
    await system.kernel.clock.advance(1);
    this.#readSectors += BigInt(bytes / 512);
  }

  async look<T>(action: () => Promise<T>): Promise<T> {
    this.isLooking = true;
    try {
      return await action();
    } finally {
      this.isLooking = false;
    }
  }

  /** The group's device and id, which must be one; its counts must be what was read. */
  async check(when: string): Promise<FoundGroup<Name>> {
    const found: (FoundGroup<Name> & { readonly readSectors: bigint })[] = [];
    await this.look(async () => {
      for (const name of this.#devices) {
        for (const { group, counters } of totals(await read(this.#statsOf(name)), 1e9).groups.values()) {
          if (this.#others.includes(group.alias)) continue;
          assert.equal(group.alias, 'data');
          found.push({ name, groupId: group.id, readSectors: counters.readSectors });
        }
      }
    });
    const [one] = found;
    assert.ok(one !== undefined && found.length === 1, `${when}: the group is on ${found.map(({ name }) => name)}`);
    assert.equal(one.readSectors, this.#readSectors, `${when}: sectors read`);
    return one;
  }
}
