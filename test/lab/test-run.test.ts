import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeLimitError } from '../../lab/lab-error.ts';
import { type FileResult, runTestFiles, summary, type TestGuest, testCounts } from '../../lab/test-run.ts';

const spec = (pass: number, fail: number) =>
  `ℹ tests ${pass + fail}\nℹ suites 0\nℹ pass ${pass}\nℹ fail ${fail}\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n` +
  (fail > 0 ? '\n✖ failing tests:\n\n✖ the one that failed\n' : '');

/** Guests in which each file ends as its list of statuses says, one a run; 'hang' is the time limit. */
function fakeGuests(statuses: Record<string, (number | 'hang')[]>) {
  const ran: string[] = [];
  let booted = 0;
  let open = 0;
  const boot = async (): Promise<TestGuest> => {
    const name = ++booted;
    open++;
    return {
      async run(argv, options) {
        const file = argv.at(-1) ?? '';
        ran.push(`${name} ${file}`);
        const status = statuses[file]?.shift() ?? 0;
        if (status === 'hang') throw new TimeLimitError();
        await options?.onStdout?.(Buffer.from(status === 0 ? spec(2, 0) : spec(1, 1)));
        return { status };
      },
      async close() {
        open--;
      },
    };
  };
  return { boot, ran, open: () => open };
}

const run = (files: string[], guests: ReturnType<typeof fakeGuests>, ended: (result: FileResult) => void = () => {}) =>
  runTestFiles(files, { guests: 1, timeoutMs: 5000, env: {}, boot: guests.boot, ended });

test('runTestFiles() uses a guest for one file after the other and ends it', async () => {
  const guests = fakeGuests({});
  const results = await run(['a', 'b'], guests);
  assert.deepEqual(guests.ran, ['1 a', '1 b']);
  assert.equal(guests.open(), 0);
  assert.ok(results.every(({ passed, attempt }) => passed && attempt === 1));
  assert.match(summary(results, 7), /^2 files, 0 failed; tests 4, pass 4, fail 0, cancelled 0, skipped 0; 7 s$/m);
});

test('runTestFiles() runs a file that failed again in a fresh guest, and says so', async () => {
  const guests = fakeGuests({ a: [1, 0] });
  const told: string[] = [];
  const results = await run(['a', 'b'], guests, ({ file, attempt, passed }) => {
    told.push(`${file} ${attempt} ${passed}`);
  });
  assert.deepEqual(guests.ran, ['1 a', '2 a', '3 b']);
  assert.deepEqual(told, ['a 1 false', 'a 2 true', 'b 1 true']);
  assert.match(summary(results, 1), /^! a passed only when run again in a fresh guest$/m);
  assert.equal(guests.open(), 0);
});

test('runTestFiles() fails what fails twice, and what hangs', async () => {
  const guests = fakeGuests({ a: [1, 1], b: ['hang', 'hang'] });
  const results = await run(['a', 'b', 'c'], guests);
  assert.deepEqual(
    results.map(({ file, passed }) => [file, passed]),
    [
      ['a', false],
      ['b', false],
      ['c', true],
    ],
  );
  const text = summary(results, 1);
  assert.match(text, /^✖ a\n✖ failing tests:\n\n✖ the one that failed$/m);
  assert.match(text, /^✖ b: the time limit was reached \(5 s\)$/m);
  assert.match(text, /^3 files, 2 failed; tests 4, pass 3, fail 1,/m);
  assert.equal(guests.open(), 0);
});

test('runTestFiles() with two guests runs each file once', async () => {
  const guests = fakeGuests({});
  const files = Array.from({ length: 9 }, (_, index) => `f${index}`);
  await runTestFiles(files, { guests: 2, timeoutMs: 1, env: {}, boot: guests.boot, ended: () => {} });
  assert.deepEqual(guests.ran.map((line) => line.slice(2)).sort(), files);
});

test('testCounts() reads what the spec reporter of this Node prints', async () => {
  const { spawnSync } = await import('node:child_process');
  const script = "const { test } = require('node:test'); test('a', () => {}); test('b', { skip: true }, () => {})";
  // Node tells its children of a test run to report in a format of its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, ['--test-reporter=spec', '-e', script], { env, encoding: 'utf8' });
  assert.deepEqual(testCounts(stdout), { tests: 2, pass: 1, fail: 0, cancelled: 0, skipped: 1 });
});
