import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { POLICY_FLAGS } from '../../../src/dirtylog/daemon/policy-file.ts';

/** What a module does in the server's thread; the mirror is in policy-worker.ts. */
async function outcomeOf(text: string, { tries = 20 } = {}): Promise<{ readonly message?: string }> {
  const url = new URL('./policy-worker.js', import.meta.url);
  const worker = new Worker(url, { workerData: { text, tries }, execArgv: POLICY_FLAGS });
  const [[outcome], [status]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  assert.equal(status, 0, 'the thread ends by itself');
  return outcome;
}

test('loadPolicy() runs the function of a module, which sees the mirror and the time', async () => {
  for (const [text, answer] of [
    ['export default ({ outOfSync }) => outOfSync.next(6);', 17],
    ['export default () => "wait";', 'wait'],
    [
      'const policy = (mirror, time) => mirror.lastRegion + mirror.lastMs + time.minuteOfDay; export default policy;',
      678,
    ],
    ['export default ({ heat, outOfSync }) => heat.of(60) + outOfSync.count + heat.partRegions;', 6],
    ['import { byHeat } from "devicemapper/dirtylog"; export default byHeat;', 60],
    [
      'import { inOrder, limitedTo } from "devicemapper/dirtylog"; export default limitedTo(1024 ** 2 * 2, inOrder);',
      { region: 5, countsAtMs: 850 },
    ],
    ['const first = await 17; export default () => first;', 17],
  ] as const) {
    assert.deepEqual(await outcomeOf(text), { answer, bits: 3 }, text);
  }
});

test('loadPolicy() says what is wrong with a module, where, and what is expected', async () => {
  const expected =
    ': expected a module of JavaScript that imports nothing but devicemapper/dirtylog, and whose default export is a ' +
    'function (mirror, time) that returns the number of a region or "wait"';
  const hint = '; "node --check /etc/policy.mjs" may say where';
  for (const [text, reason] of [
    ['\nexport default (a => ;', `SyntaxError: Unexpected token ';'${hint}`],
    ['export const policy = () => 1;', 'it has no function as its default export'],
    ['export default 7;', 'it has no function as its default export'],
    ['import "node:fs"; export default () => 1;', `Error: it imports "node:fs"${hint}`],
    [
      'import { nope } from "devicemapper/dirtylog"; export default nope;',
      `SyntaxError: The requested module 'devicemapper/dirtylog' does not provide an export named 'nope'${hint}`,
    ],
    ['\n  oh(); export default () => 1;', 'ReferenceError: oh is not defined, /etc/policy.mjs:2:3'],
    ['throw 5; export default () => 1;', '5'],
  ] as const) {
    assert.deepEqual(await outcomeOf(text), { message: `policy /etc/policy.mjs: ${reason}${expected}` });
  }
});

test('loadPolicy() has a function fail that does not answer at once, and keeps the thread alive', async () => {
  for (const [body, message] of [
    ['{ for (;;); }', 'it takes more than 250 ms'],
    ['{ try { for (;;); } finally { return 5; } }', 'it takes more than 250 ms'],
    ['{ Promise.resolve().then(() => { for (;;); }); return 5; }', 'it takes more than 250 ms'],
    ['{ Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }', 'it takes more than 250 ms'],
    ['Promise.resolve(5)', 'TypeError: it answers a promise: it must answer at once'],
    ['Promise.reject(5)', 'TypeError: it answers a promise: it must answer at once'],
    ['{ throw new Error("oh"); }', 'Error: oh, /etc/policy.mjs:1'],
    ['{ throw null; }', 'null'],
    ['{ throw { toString() { throw 1; } }; }', 'it throws what cannot be told'],
    ['process.exit()', 'ReferenceError: process is not defined, /etc/policy.mjs:1'],
    ['setTimeout(() => {}, 1)', 'ReferenceError: setTimeout is not defined, /etc/policy.mjs:1'],
  ] as const) {
    const isLate = message.startsWith('it takes');
    const outcome = await outcomeOf(`export default () => ${body};`, isLate ? { tries: 1 } : {});
    // The engine's column is its own affair.
    assert.equal(outcome.message?.replace(/:\d+$/, ''), message, body);
  }
});

test('loadPolicy() gives the function none of the server’s own objects', async () => {
  for (const text of [
    'export default (mirror) => { mirror.outOfSync.delete?.(5); mirror.outOfSync.setWord?.(0, 0); return 5; };',
    'export default (mirror) => { try { mirror.outOfSync.has = () => false; } catch { return 5; } };',
  ]) {
    assert.deepEqual(await outcomeOf(text), { answer: 5, bits: 3 });
  }
  assert.deepEqual(
    await outcomeOf('export default () => ({ region: 5, get countsAtMs() { for (;;); } });', { tries: 1 }),
    {
      message: 'it takes more than 250 ms',
    },
  );
});
