import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { ServedLogs } from '../../src/dashboard/logs.ts';
import { startDashboard } from '../../src/dashboard/server.ts';
import { COUNT_ORDER, type Layout, type WireLogs, type WireSample } from '../../src/dashboard/wire.ts';
import { EMPTY_BOOK } from '../../src/dirtylog/resync-book.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { read } from '../../src/stats/sampler.ts';
import { ask, events, makeKernel, type SentEvent, serve } from './support.ts';

const TOKEN = 'correct-horse-battery';

test('the page is static, small, and bound by its headers', async (t) => {
  const { kernel } = makeKernel();
  const { url } = await serve(t, kernel);
  let bytes = 0;
  for (const [path, type] of [
    ['', 'text/html'],
    ['page.js', 'text/javascript'],
    ['page.css', 'text/css'],
    ['icon.svg', 'image/svg+xml'],
  ] as const) {
    const { status, headers, body } = await ask(url + path);
    assert.equal(status, 200);
    assert.ok(String(headers['content-type']).startsWith(type));
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|data:|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['access-control-allow-origin'], undefined);
    bytes += Buffer.byteLength(body);
  }
  assert.ok(bytes < 200_000, `${bytes} bytes`);
  const { body } = await ask(url);
  // No inline script, style or handler, and nothing from elsewhere.
  assert.doesNotMatch(body, /<script(?![^>]*src="\/)|<style|\son\w+=|\sstyle=|https?:/i);
});

test('the server refuses other hosts, origins, methods and paths', async (t) => {
  const { kernel } = makeKernel();
  const { url } = await serve(t, kernel);
  assert.equal((await ask(url, { host: 'evil.example' })).status, 421);
  assert.equal((await ask(`${url}metrics`, { host: 'evil.example' })).status, 421);
  assert.equal((await ask(`${url}events`, { origin: 'http://evil.example' })).status, 403);
  const post = await ask(`${url}metrics`, {}, 'POST');
  assert.deepEqual([post.status, post.headers['allow']], [405, 'GET']);
  assert.equal((await ask(`${url}../package.json`)).status, 404);
  assert.equal((await ask(`${url}%2e%2e/package.json`)).status, 404);
  assert.match(String((await ask(`${url}nothing`)).headers['content-security-policy']), /default-src 'none'/);
});

test('the server wants its token for the page and all data', async (t) => {
  const { kernel } = makeKernel();
  const { url } = await serve(t, kernel, { token: TOKEN });
  for (const path of ['', 'metrics', 'events', 'nothing']) {
    const { status, headers } = await ask(url + path);
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer']);
  }
  assert.equal((await ask(`${url}?token=${TOKEN}`)).status, 200);
  assert.equal((await ask(`${url}metrics`, { authorization: `Bearer ${TOKEN}` })).status, 200);
});

test('startDashboard() refuses a network without a token, and weak tokens', async (t) => {
  const { kernel } = makeKernel();
  const { dm } = await serve(t, kernel);
  const options = { port: 0, intervalMs: 20, simulated: false, version: '', timeOfDay: Date.now, onTrouble: () => {} };
  const refused = (host: string, token: string | undefined, pattern: RegExp): Promise<void> =>
    assert.rejects(startDashboard(dm, { ...options, host, token }), (error) => {
      return error instanceof UsageError && pattern.test(error.message);
    });
  await refused('0.0.0.0', undefined, /0\.0\.0\.0 can be reached by others: give a --token/);
  await refused('::', undefined, /give a --token/);
  await refused('store1.example', undefined, /give a --token/);
  await refused('0.0.0.0', 'short', /16 characters/);
  await refused('0.0.0.0', 'with blanks and more', /letters, digits/);
  await using everywhere = await startDashboard(dm, { ...options, host: '0.0.0.0', token: TOKEN });
  assert.match(everywhere.url, /^http:\/\/0\.0\.0\.0:\d+\/$/);
  await using loopback = await startDashboard(dm, { ...options, host: '127.0.0.2' });
  assert.equal((await ask(loopback.url)).status, 200);
});

test('/metrics speaks the format that is asked for', async (t) => {
  const { kernel, say, read: io } = makeKernel();
  say('@stats_create - /1 0 prog -');
  io();
  const { url } = await serve(t, kernel);
  const plain = await ask(`${url}metrics`);
  assert.match(String(plain.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(plain.body, /^dmstats_region_reads_completed_total\{.*\} 1$/m);
  const open = await ask(`${url}metrics`, { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
  assert.match(String(open.headers['content-type']), /^application\/openmetrics-text; version=1\.0\.0/);
  assert.ok(open.body.endsWith('# EOF\n'));
});

test('/metrics tells a failure as 500 without words of the kernel', async (t) => {
  const { kernel } = makeKernel();
  const { url, troubles } = await serve(t, kernel);
  kernel.onIoctl = () => 13;
  const { status, body } = await ask(`${url}metrics`);
  assert.deepEqual([status, body, troubles.length], [500, 'the devices could not be read\n', 1]);
});

async function take(stream: AsyncGenerator<SentEvent>, count: number, event: string): Promise<SentEvent[]> {
  const taken: SentEvent[] = [];
  for await (const one of stream) {
    taken.push(one);
    if (taken.filter((seen) => seen.event === event).length === count) break;
  }
  return taken;
}

test('/events tells layout and samples', async (t) => {
  const { kernel, say, read: io } = makeKernel();
  // An alias of a markup's and a terminal's words is data, in one line of JSON.
  const alias = '<img src=x onerror=alert(1)>\u001b]0;x\u0007';
  say(`@stats_create 0+1024 512 2 precise_timestamps histogram:5 prog DMS_GROUP="${alias.replaceAll(' ', '\\ ')}":0#-`);
  io();
  const { url } = await serve(t, kernel, { simulated: true });
  const stream = events(`${url}events`, t);
  const [hello, layout, files, coverage, sample] = (await take(stream, 1, 'sample')).map(({ data }) => data);
  assert.deepEqual(hello, { version: '1.2.3', intervalMs: 20, simulated: true });
  assert.deepEqual(layout, {
    devices: [
      {
        name: 't0',
        number: '254:0',
        regions: [{ id: 0, start: 0, length: 524288, step: 262144, program: 'prog', bounds: [5] }],
        groups: [{ id: 0, alias, members: [0] }],
        problems: [],
      },
    ],
  });
  assert.deepEqual(files, { files: [], problems: [] });
  assert.deepEqual(coverage, { devices: [{ 0: [8, 0, 0, 0, 0] }] });
  // The read was before the first interval.
  assert.deepEqual((sample as WireSample).devices, [{ regions: {}, groups: {}, unseen: {}, areas: {}, cleared: [] }]);
});

test('/events tells what was counted in an interval, and new layouts', async (t) => {
  const { kernel, say, read: io } = makeKernel();
  say('@stats_create 0+1024 512 2 precise_timestamps histogram:5 prog -');
  const { url } = await serve(t, kernel);
  let reads = 0;
  let isChanged = false;
  for await (const { event, data } of events(`${url}events`, t)) {
    if (event === 'layout' && !isChanged) {
      io(600);
      io(600);
      io(0);
    } else if (event === 'layout') {
      assert.equal((data as Layout).devices[0]?.regions.length, 2);
      break;
    } else if (event === 'sample') {
      const [device] = (data as WireSample).devices;
      const counts = device?.regions[0];
      if (counts === undefined) continue;
      reads += Number(counts[COUNT_ORDER.indexOf('reads')]);
      assert.equal(counts.length, COUNT_ORDER.length + 2);
      assert.deepEqual(device?.areas, {
        0: [
          [0, 8, 0],
          [1, 16, 0],
        ],
      });
      isChanged = true;
      say('@stats_create - /1 0 prog -');
    }
  }
  assert.equal(reads, 3);
});

const SERVED: ServedLogs = {
  status: {
    mirrors: [
      {
        uuid: 'LVM-a',
        devices: ['vg-a'],
        log: '254:3',
        regions: 8,
        regionSectors: 1024,
        inSync: 5,
        dirty: 2,
        recovering: undefined,
        failure: undefined,
        blocksWritten: 1,
        tables: [
          { luid: '1', phase: 'suspended', words: '' },
          { luid: '2', phase: 'running', words: '' },
        ],
      },
    ],
    resync: { ...EMPTY_BOOK, mirrors: { 'LVM-a': { paused: true } } },
  },
  heat: [{ uuid: 'LVM-a', regions: 8, regionSectors: 1024, partRegions: 2, parts: [0, 1.239, 0.0099, 700] }],
};

test('/events tells of served dirty logs, and once that there are none any more', async (t) => {
  const { kernel } = makeKernel();
  let served: ServedLogs | undefined = SERVED;
  const { url } = await serve(t, kernel, { askLogs: async () => served, timeOfDay: () => 5 });
  const told: unknown[] = [];
  let samples = 0;
  for await (const { event, data } of events(`${url}events`, t)) {
    if (event === 'logs') told.push(data);
    if (event === 'sample' && told.length > 0) samples++;
    if (samples === 2) served = undefined;
    if (samples === 5) break;
  }
  assert.deepEqual(told, [
    {
      time: 5,
      logs: [
        {
          uuid: 'LVM-a',
          devices: ['vg-a'],
          log: '254:3',
          state: 'running',
          failure: '',
          isPaused: true,
          regions: 8,
          regionBytes: 524_288,
          inSync: 5,
          dirty: 2,
          recovering: -1,
          partRegions: 2,
          heat: [
            [1, 1.24],
            [3, 700],
          ],
        },
      ],
      problem: '',
    },
    { time: 5, logs: [], problem: '' },
  ]);
});

test('a server of dirty logs that hangs or fails holds up no sample', async (t) => {
  const { kernel } = makeKernel();
  let fail: (error: Error) => void = () => {};
  const askLogs = (): Promise<undefined> => new Promise((_, reject) => (fail = reject));
  const { url } = await serve(t, kernel, { askLogs });
  let samples = 0;
  let last: unknown;
  for await (const { event, data } of events(`${url}events`, t)) {
    last = data;
    if (event === 'logs') break;
    if (event === 'sample' && ++samples === 3) fail(new Error('no answer'));
  }
  assert.deepEqual(last, { time: (last as WireLogs).time, logs: [], problem: 'no answer' });
});

test('two scrapers, two pages and a report do not disturb each other', async (t) => {
  const { kernel, say, read: io } = makeKernel();
  say('@stats_create - /1 0 prog -');
  const { url, dm } = await serve(t, kernel);
  const count = async (): Promise<number> => {
    const { body } = await ask(`${url}metrics`);
    return Number(/^dmstats_region_reads_completed_total\{.*\} (\d+)$/m.exec(body)?.[1]);
  };
  const page = async (): Promise<number> => {
    let reads = 0;
    for await (const { event, data } of events(`${url}events`, t)) {
      if (event === 'layout') begun++;
      const counts = event === 'sample' ? (data as WireSample).devices[0]?.regions[0] : undefined;
      reads += Number(counts?.[COUNT_ORDER.indexOf('reads')] ?? 0);
      if (reads >= 10) break;
    }
    return reads;
  };
  let begun = 0;
  const pages = [page(), page()];
  while (begun < 2) await setTimeout(5);
  for (let index = 0; index < 10; index++) {
    io();
    const scraped = await Promise.all([count(), count()]);
    assert.deepEqual(scraped, [index + 1, index + 1]);
    const reading = await read(new DeviceStats(dm, { name: 't0' }));
    assert.equal(reading.regions.get(0)?.areas[0]?.counters.reads, BigInt(index + 1));
  }
  assert.deepEqual(await Promise.all(pages), [10, 10]);
});

test('the server reads nothing while nobody looks', async (t) => {
  const { kernel, say } = makeKernel();
  say('@stats_create - /1 0 prog -');
  const { url } = await serve(t, kernel);
  await take(events(`${url}events`, t), 1, 'sample');
  await setTimeout(100);
  const before = kernel.ioctlCount;
  await setTimeout(100);
  assert.equal(kernel.ioctlCount, before);
  assert.equal((await take(events(`${url}events`, t), 1, 'sample')).at(-1)?.event, 'sample');
});

test('a page is told when the devices can no longer be read', async (t) => {
  const { kernel, say } = makeKernel();
  say('@stats_create - /1 0 prog -');
  const { url } = await serve(t, kernel);
  const seen: string[] = [];
  for await (const { event } of events(`${url}events`, t)) {
    seen.push(event);
    if (event === 'layout') kernel.onIoctl = () => 13;
  }
  assert.equal(seen.at(-1), 'trouble');
});
