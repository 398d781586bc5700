import assert from 'node:assert/strict';
import test from 'node:test';
import { coverageText, seenAtAll } from '../../src/dashboard/model/coverage.ts';
import { objectsOf } from '../../src/dashboard/model/objects.ts';
import type { Layout, WireCoverage } from '../../src/dashboard/wire.ts';
import { World } from '../cli/support.ts';
import { events, serve } from './support.ts';

test('the page and dmstats report say the same of what was counted, missed and inexact', async (t) => {
  const world = new World();
  world.kernel.message('t0', '@stats_create 0+64 /1 0 dmstats DMS_GROUP="/srv/a":0#-|error=3,1|missed=10');
  world.read('t0', 0);
  world.read('t0', 8);
  const { url } = await serve(t, world.kernel);
  let layout: Layout | undefined;
  let coverage: WireCoverage | undefined;
  for await (const { event, data } of events(`${url}events`, t)) {
    if (event === 'layout') layout = data as Layout;
    if (event === 'coverage') coverage = data as WireCoverage;
    if (event === 'sample') break;
  }
  assert.ok(layout !== undefined && coverage !== undefined);
  const [file] = objectsOf(layout);
  const seen = (file && seenAtAll(file, coverage)) ?? assert.fail('a group');
  const shown = [coverageText(seen), seen.missed, seen.errorSectors, seen.errorIos].join();
  // 16 sectors were read, 10 were missed.
  assert.equal(shown, '61.54,10,3,1');
  const report = 'report --group --noheadings --separator , -o coverage,missed,error,error_ios t0';
  assert.equal((await world.ok(report)).trim(), shown);
});
