import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { World } from './support.ts';

async function makeWorld(): Promise<World> {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create --programid other t1');
  world.read('t0', 0);
  return world;
}

test('metrics prints the counters of all programs, or of one', async () => {
  const world = await makeWorld();
  const all = await world.ok('metrics');
  assert.match(all, /^dmstats_region_reads_completed_total\{device="t0",.*program="dmstats".*\} 1$/m);
  assert.match(all, /device="t1",region="0",program="other"/);
  assert.doesNotMatch(await world.ok('metrics --programid dmstats'), /program="other"/);
  assert.ok((await world.ok('metrics --format openmetrics')).endsWith('# EOF\n'));
});

test('metrics --output replaces the file in one step', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const world = await makeWorld();
  const path = join(folder, 'dm.prom');
  writeFileSync(path, 'old');
  const { ino } = statSync(path);
  assert.equal(await world.ok(`metrics --output ${path}`), '');
  assert.equal(readFileSync(path, 'utf8'), await world.ok('metrics'));
  assert.notEqual(statSync(path).ino, ino);
  assert.deepEqual(readdirSync(folder), ['dm.prom']);
  assert.match(await world.ok(`metrics --output ${path}`), /^$/);
});

test('metrics refuses words, unknown formats and folders that are not there', async () => {
  const world = await makeWorld();
  assert.match(await world.refusal('metrics', 't0'), /takes no words/);
  assert.match(await world.refusal('metrics', '--format', 'xml'), /"xml": prometheus or openmetrics/);
  assert.match(await world.refusal('metrics', '--output', '/nowhere/dm.prom'), /ENOENT.*\/nowhere\/dm\.prom/);
});
