import assert from 'node:assert/strict';
import test from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { updateFilemap } from '../../src/filemap/update.ts';
import { BLOCK, FILE, MEMORY, scatteredFile } from './scattered-file.ts';

/** A file whose blocks lie apart from each other. */
async function apart({ blocks, maxRegions }: { blocks: number; maxRegions?: number }) {
  const { kernel, fs, dm, file } = await scatteredFile(blocks);
  const options = { programId: 'dmstats', alias: 'data', memory: MEMORY, ...(maxRegions && { maxRegions }) };
  const { groupId = -1, packed } = await createFilemap(dm, file, options);
  const message = (text: string): string => kernel.message('vol', text) ?? '';
  const lines = (): string[] => message('@stats_list').split('\n').slice(0, -1);
  const update = () => updateFilemap(dm, file, { groupId, memory: MEMORY });
  const grow = async (): Promise<void> => {
    fs.write(FILE, Number(fs.inode(FILE).size), BLOCK);
    await kernel.clock.advance(1);
  };
  // The first change writes the tag before all else.
  await grow();
  await update();
  return { kernel, grow, packed, message, lines, update };
}

/** The lowest id that no region of a list bears: the kernel gives it to the next one. */
function nextId(lines: readonly string[]): number {
  const ids = new Set(lines.map((line) => Number.parseInt(line, 10)));
  let id = 0;
  while (ids.has(id)) id++;
  return id;
}

/** The ids that the group's tag names: members and packed ones. */
function namedBy(lines: readonly string[]): number[] {
  const match = /DMS_GROUP="data":([\d,-]+)#(?:\|packed=\w+:([\d,-]+))?/.exec(lines.join('\n'));
  const ranges = [match?.[1], match?.[2]].flatMap((list) => list?.split(',') ?? []);
  return ranges.flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

test('updateFilemap() gives no new region the id of a deleted one that the tag names', async () => {
  const { kernel, grow, message, lines, update } = await apart({ blocks: 3 });
  message('@stats_delete 2');
  message('@stats_delete 1');
  await grow();
  let created = 0;
  kernel.onIoctl = ({ text = '' }) => {
    if (!text.startsWith('@stats_create')) return undefined;
    created++;
    assert.ok(
      !namedBy(lines()).includes(nextId(lines())),
      `created with an id that the tag names:\n${lines().join('\n')}`,
    );
    return undefined;
  };
  await update();
  assert.equal(created, 3);
  assert.deepEqual(namedBy(lines()), [0, 1, 2, 3, 4]);
});

test('updateFilemap() gives no new packed region the id of a deleted one that the tag names', async () => {
  const { kernel, packed, message, lines, update } = await apart({ blocks: 100, maxRegions: 20 });
  assert.ok(packed !== undefined && packed.ids.length > 1);
  for (const id of packed.ids) message(`@stats_delete ${id}`);
  let created = 0;
  kernel.onIoctl = ({ text = '' }) => {
    if (!text.startsWith('@stats_create')) return undefined;
    created++;
    assert.ok(!namedBy(lines()).includes(nextId(lines())), 'created with an id that the tag names');
    return undefined;
  };
  await update();
  assert.ok(created > 0);
});

test('updateFilemap() deletes a region at once that got the id of one deleted in the same moment, and gives up', async () => {
  const { kernel, grow, message, lines, update } = await apart({ blocks: 3 });
  await grow();
  const asked: string[] = [];
  kernel.onIoctl = ({ text = '' }) => {
    if (asked.length === 0 && text.startsWith('@stats_create')) message('@stats_delete 2');
    if (asked.length > 0 || text.startsWith('@stats_create')) asked.push(text);
    return undefined;
  };
  await assert.rejects(update(), /somebody has deleted region 2 /);
  assert.equal(asked[1], '@stats_delete 2');
  assert.equal(lines().length, 3);
  kernel.onIoctl = undefined;
  await update();
  assert.equal(lines().length, 5);
});
