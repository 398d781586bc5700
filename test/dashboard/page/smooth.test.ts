/** How fast the page is there, and that it never stands still: judged by Chromium's own trace. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import test, { type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { loadAssets } from '../../../src/dashboard/assets.ts';
import {
  COUNT_ORDER,
  type Files,
  type Layout,
  type WireLog,
  type WireLogs,
  type WireSample,
} from '../../../src/dashboard/wire.ts';
import { SimulatedKernel } from '../../../src/simulator/kernel.ts';
import { serve } from '../support.ts';
import { browse, skip } from './browser.ts';
import { traceOf } from './trace.ts';

/** What a frame may take. */
const FRAME_MS = 50;
const FIRST_PAINT_MS = 1000;
const ROWS = 1000;
const EXTENTS = 10_000;
const SECONDS = 3600;
/** Regions that are busy in a sample. */
const BUSY = 50;
const MIB = 2 ** 20;

/** Loads the page again, and looks at when it is painted. */
async function checkLoad(t: TestContext, page: Page): Promise<void> {
  const { tasks } = await traceOf(page, async () => {
    await page.reload();
    await page.getByRole('button', { name: 'region 0' }).waitFor();
  });
  const cpuMs = tasks.reduce((sum, task) => sum + task, 0);
  const paintMs = await page.evaluate(() => performance.getEntriesByName('first-paint')[0]?.startTime ?? Infinity);
  t.diagnostic(`first paint after ${Math.round(paintMs)} ms; CPU until the rows are there ${Math.round(cpuMs)} ms`);
  assert.ok(cpuMs < FIRST_PAINT_MS);
  // By the clock on the wall, what else the machine does counts too.
  const isQuiet = (loadavg()[0] ?? 0) < availableParallelism();
  if (isQuiet) assert.ok(paintMs < FIRST_PAINT_MS, `${paintMs} ms`);
}

test('the page is painted within a second, and a thousand live rows never hold up a frame', { skip }, async (t) => {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: 8 * ROWS });
  for (let row = 0; row < ROWS; row++) {
    kernel.message('t0', `@stats_create ${8 * row}+8 /1 2 precise_timestamps histogram:1000 prog -`);
  }
  const { url } = await serve(t, kernel, { intervalMs: 250 });
  const { page, complaints } = await browse(t, url);
  await page.getByRole('button', { name: 'region 0' }).waitFor();
  await checkLoad(t, page);
  const timer = setInterval(() => {
    for (let row = 0; row < ROWS; row++) {
      const direction = row % 2 === 0 ? 'read' : 'write';
      kernel.io({ device: 't0', direction, sector: 8 * row, sectors: 8, durationNs: 500 * (row % 5) });
    }
  }, 100);
  t.after(() => clearInterval(timer));
  await page.waitForFunction(() => Number(document.querySelector('#rows td:nth-child(2)')?.textContent) > 0);
  // Rows that are not seen do not exist, and the table is as long as if they did.
  assert.ok((await page.locator('#rows tr').count()) < 60);
  assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) > ROWS * 50);
  const { tasks, wall } = await traceOf(page, async () => {
    await page.waitForTimeout(2000);
    for (let step = 0; step < 20; step++) {
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(50);
    }
    await page.keyboard.press('End');
    await page.waitForTimeout(1000);
  });
  t.diagnostic(`longest tasks: ${tasks.slice(0, 3)} ms of ${tasks.length}; by the wall ${wall.slice(0, 3)} ms`);
  assert.ok(tasks.length > 100);
  assert.ok((tasks[0] ?? 0) < FRAME_MS, `${tasks.slice(0, 5)} ms`);
  await page.getByRole('button', { name: `region ${ROWS - 1}` }).waitFor();
  await page.getByRole('searchbox').fill('ion 77');
  await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 11);
  assert.deepEqual(complaints, []);
});

/** A file in as many regions as extents, its pieces scattered. */
function makeFile(): { readonly layout: Layout; readonly files: Files } {
  // Steps of a prime number of places go to every place once.
  const place = (index: number): number => ((index * 7919) % EXTENTS) * 2 * MIB;
  const indexes = Array.from({ length: EXTENTS }, (_, index) => index);
  const regions = indexes.map((id) => ({
    id,
    start: place(id),
    length: MIB,
    step: MIB,
    program: 'dmstats',
    bounds: [1e6, 1e7],
  }));
  const groups = [{ id: 0, alias: '/srv/big', members: indexes }];
  const extents = indexes.map((index) => [index * MIB, place(index), MIB] as const);
  return {
    layout: { devices: [{ name: 't0', number: '254:0', regions, groups, problems: [] }] },
    files: {
      files: [{ path: '/srv/big', device: '254:0', groupId: 0, size: EXTENTS * MIB, extents, unplaced: [] }],
      problems: [],
    },
  };
}

function makeSample(index: number, time: number): WireSample {
  const counts = (factor: number): number[] => [
    ...COUNT_ORDER.map((name) => (name === 'intervalNs' ? 1e9 : 8 * factor)),
    ...[5, 2, 1].map((count) => count * factor),
  ];
  const regions: Record<string, number[]> = {};
  for (let busy = 0; busy < BUSY; busy++) regions[(index * 31 + busy * 199) % EXTENTS] = counts(1 + (busy % 3));
  return { time, devices: [{ regions, groups: { 0: counts(BUSY) }, unseen: {}, areas: {}, cleared: [] }] };
}

/** A mirror of 4096 parts, of which a tenth are warm. */
function makeLogs(index: number, time: number): WireLogs {
  const heat = Array.from({ length: 400 }, (_, part) => [part * 10, 1 + ((part * 31 + index) % 500)] as const);
  const log: WireLog = {
    uuid: 'LVM-a',
    devices: ['vg-mirror'],
    log: '254:3',
    state: 'running',
    failure: '',
    isPaused: false,
    regions: 8192,
    regionBytes: MIB,
    inSync: index,
    dirty: 400,
    recovering: index,
    partRegions: 2,
    heat,
  };
  return { time, logs: [log], problem: '' };
}

/** Serves the page with an hour of samples, told in a second and a half, and one more each quarter of a second. */
async function serveAnHour(t: TestContext): Promise<string> {
  const assets = loadAssets();
  const server = createServer((request, response) => {
    const asset = assets.get(request.url ?? '');
    if (asset !== undefined) {
      response.writeHead(200, { 'content-type': asset.mediaType }).end(asset.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (event: string, data: unknown): unknown =>
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    send('hello', { version: '1.2.3', intervalMs: 1000, simulated: true });
    const { layout, files } = makeFile();
    send('layout', layout);
    send('files', files);
    const start = Date.now() - SECONDS * 1000;
    let index = 0;
    const next = (): void => {
      for (const end = index < SECONDS ? index + 60 : index + 1; index < end; index++) {
        send('logs', makeLogs(index, start + index * 1000));
        send('sample', makeSample(index, start + index * 1000));
      }
      timer = setTimeout(next, index < SECONDS ? 25 : 250);
    };
    let timer = setTimeout(next, 0);
    response.on('close', () => clearTimeout(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('an hour of a file of ten thousand extents never holds up a frame', { skip }, async (t) => {
  const { page, complaints } = await browse(t, await serveAnHour(t));
  await page.getByRole('button', { name: '/srv/big' }).waitFor();
  await page.waitForTimeout(4000);
  await page.selectOption('#range', '3600');
  const look = () =>
    traceOf(page, async () => {
      await page.getByRole('button', { name: '/srv/big' }).click();
      await page.getByText('Extent').first().waitFor({ state: 'attached' });
      await page.waitForTimeout(4000);
      await page.mouse.wheel(0, 1500);
      await page.waitForTimeout(2000);
    });
  let { tasks, wall } = await look();
  // A busy machine makes tasks longer, never shorter: of three looks one is enough.
  for (let again = 0; again < 2 && (tasks[0] ?? 0) >= FRAME_MS; again++) {
    await page.keyboard.press('Escape');
    ({ tasks, wall } = await look());
  }
  t.diagnostic(`longest tasks: ${tasks.slice(0, 3)} ms of ${tasks.length}; by the wall ${wall.slice(0, 3)} ms`);
  assert.ok((tasks[0] ?? 0) < FRAME_MS, `${tasks.slice(0, 5)} ms`);
  assert.match(await page.locator('#extents-readout').innerText(), /^10000 extents/);
  // An hour is there, from its first minutes on.
  await page.locator('#offsets').hover({ position: { x: 100, y: 100 } });
  assert.match(await page.locator('#offsets-readout').innerText(), / at .* GiB of 9\.77 GiB$/);
  await page.keyboard.press('Escape');
  const ofLog = await traceOf(page, async () => {
    await page.getByRole('button', { name: 'vg-mirror' }).click();
    await page.getByText('writes lately').waitFor();
    await page.waitForTimeout(3000);
  });
  t.diagnostic(`of a mirror: ${ofLog.tasks.slice(0, 3)} ms of ${ofLog.tasks.length}`);
  assert.ok((ofLog.tasks[0] ?? 0) < FRAME_MS, `${ofLog.tasks.slice(0, 5)} ms`);
  assert.deepEqual(complaints, []);
});
