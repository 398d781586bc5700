import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import { Changes, MOST_POINTS, MOST_RANGES, rangesOf } from '../../src/dirtylog/changes.ts';
import { Harness, LUID, MemoryStore } from './support.ts';

const soon = async (): Promise<void> => {};

function membersOf(known: ReturnType<Changes['since']>): number[] {
  assert.ok('changed' in known, JSON.stringify(known));
  const members: number[] = [];
  for (let region = known.changed.next(0); region >= 0; region = known.changed.next(region + 1)) members.push(region);
  return members;
}

test('Changes.since() has what was marked since, what was being written, and what was out of sync', async () => {
  const changes = new Changes(100);
  const outOfSync = new Bitmap(100);
  outOfSync.add(50);
  for (const region of [1, 2]) changes.mark(region);
  changes.clear(1);
  await changes.take('a', outOfSync, soon);
  changes.mark(3);
  changes.clear(3);
  await changes.take('b', outOfSync, soon);
  changes.mark(99);
  changes.touchWord(0, 1 << 4);
  assert.deepEqual(membersOf(changes.since('a')), [2, 3, 4, 50, 99]);
  assert.deepEqual(membersOf(changes.since('b')), [2, 4, 50, 99]);
});

test('Changes.since() says what it cannot know', async () => {
  const outOfSync = new Bitmap(10);
  const changes = new Changes(10);
  for (let point = 0; point <= MOST_POINTS; point++) await changes.take(String(point), outOfSync, soon);
  assert.match(JSON.stringify(changes.since('0')), /unknown.*or 8 others were since/);
  assert.deepEqual(membersOf(changes.since('1')), []);
  const adopted = new Changes(10, 'it came later');
  await adopted.take('a', outOfSync, soon);
  assert.deepEqual(adopted.since('a'), { unknown: 'it came later' });
});

// The kernel's side: it marks a region before the first write, again only after it has cleared it, and writes to a region
// that is out of sync without a mark.
test('Changes.since() misses no write, whatever happens while a point is being taken', async () => {
  const step = fc.tuple(fc.constantFrom('write', 'write', 'clear', 'break', 'mend', 'take'), fc.nat(69));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 8 }), async (steps, meanwhile) => {
      const size = 300_000;
      const changes = new Changes(size);
      const outOfSync = new Bitmap(size);
      const marked = new Set<number>();
      const written = new Map<string, Set<number>>();
      const run = ([what, at]: readonly [string, number]): void => {
        // Spread, so that a point is taken in several turns.
        const region = at * 4300;
        if (what === 'write') {
          if (!outOfSync.has(region) && !marked.has(region)) {
            marked.add(region);
            changes.mark(region);
          }
          for (const since of written.values()) since.add(region);
        } else if (what === 'clear') {
          if (marked.delete(region)) changes.clear(region);
        } else if (what === 'break') {
          outOfSync.add(region);
          changes.touch(region);
        } else if (what === 'mend') {
          outOfSync.delete(region);
        }
      };
      let epoch = 0;
      for (const one of steps) {
        if (one[0] !== 'take') {
          run(one);
          continue;
        }
        const name = String(epoch++);
        const queue = meanwhile.slice();
        await changes.take(name, outOfSync, async () => {
          const next = queue.shift();
          if (next !== undefined) run(next);
        });
        written.set(name, new Set());
      }
      for (const [name, since] of [...written].slice(-MOST_POINTS)) {
        const found = new Set(membersOf(changes.since(name)));
        for (const region of since) assert.ok(found.has(region), `${region} since ${name}`);
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('rangesOf() gives the ranges of a set, and covers it with fewer when there are too many', async () => {
  const few = new Bitmap(200);
  for (const member of [0, 1, 2, 31, 32, 64, 199]) few.add(member);
  for (let member = 96; member < 160; member++) few.add(member);
  assert.deepEqual(await rangesOf(few, soon), [
    [0, 2],
    [31, 32],
    [64, 64],
    [96, 159],
    [199, 199],
  ]);
  const many = new Bitmap(10 * MOST_RANGES);
  for (let member = 0; member < many.size; member += 5) many.add(member);
  const ranges = await rangesOf(many, soon);
  assert.ok(ranges.length <= MOST_RANGES);
  assert.deepEqual([ranges.at(0)?.[0], ranges.at(-1)?.[1]], [0, many.size - 5]);
});

const DISK = '131072 clustered-disk 254:32 1024 nosync';

test('a log keeps its points through a suspend and a swap of tables, and none with other regions', async () => {
  const harness = new Harness(new MemoryStore(8192));
  await harness.make(DISK);
  const changes = () => [...harness.server.mirrors][0]?.log?.changes;
  const outOfSync = new Bitmap(128);
  await changes()?.take('a', outOfSync, soon);
  await harness.ask('FLUSH', [7]);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  const next = LUID + 0x1000n;
  await harness.make(DISK, next);
  await harness.ask('DTR');
  await harness.ask('FLUSH', [9], next);
  assert.deepEqual(membersOf(changes()?.since('a') ?? { unknown: 'no log' }), [7, 9]);
  await harness.ask('PRESUSPEND', [], next);
  await harness.ask('POSTSUSPEND', [], next);
  await harness.make('131072 clustered-disk 254:32 2048 nosync', LUID);
  assert.match(JSON.stringify(changes()?.since('a')), /unknown/);
});

test('a log that this server has taken over knows no changes until it is resumed', async () => {
  const harness = new Harness();
  harness.hasRun = true;
  await harness.make(DISK);
  const { records } = harness;
  const server = harness.start();
  for (const record of records) await server.adopt(record);
  const changes = () => [...harness.server.mirrors][0]?.log?.changes;
  await changes()?.take('a', new Bitmap(128), soon);
  assert.deepEqual(changes()?.since('a'), { unknown: 'the kernel marked regions before this server was there' });
  for (const type of ['PRESUSPEND', 'POSTSUSPEND', 'RESUME'] as const) await harness.ask(type);
  await changes()?.take('b', new Bitmap(128), soon);
  assert.deepEqual(membersOf(changes()?.since('b') ?? { unknown: 'no log' }), []);
});
