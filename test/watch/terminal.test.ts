import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, onTerminal, Screen, skip } from './terminal-support.ts';

const DMSTATS = fileURLToPath(new URL('../../src/cli/bin/dmstats.js', import.meta.url));
const WATCH = [process.execPath, DMSTATS, 'watch', '--simulate', '--interval', '0.2'];
const THROWER = fileURLToPath(new URL('./thrower.js', import.meta.url));
// What is there when the view is drawn, and once there is a sample.
const DRAWN = 'wait=q quit';
const SAMPLED = 'wait=/srv/';

/** The terminal is as it was: its modes, the screen that was there before, the cursor, wrapped lines. */
function assertRestored({ modesAreBack, written }: Ended): void {
  assert.equal(modesAreBack, true);
  assert.deepEqual([...new Screen().write(written).modes], []);
  assert.ok(written.includes('\u001b[?1049h'), 'it was taken over');
}

const ENDS: readonly (readonly [how: string, steps: readonly string[], ended: string])[] = [
  ['q', [SAMPLED, 'key=q'], '0'],
  ['Ctrl-C', [DRAWN, 'key=\\x03'], '0'],
  ['SIGINT', [SAMPLED, 'signal=SIGINT'], 'SIGINT'],
  ['SIGTERM', [SAMPLED, 'signal=SIGTERM'], 'SIGTERM'],
  ['SIGHUP', [DRAWN, 'signal=SIGHUP'], 'SIGHUP'],
  ['SIGQUIT', [DRAWN, 'signal=SIGQUIT'], 'SIGQUIT'],
];
for (const [how, steps, ended] of ENDS) {
  test(`dmstats watch gives the terminal back when it ends by ${how}`, { skip }, () => {
    const end = onTerminal(WATCH, steps);
    assert.equal(end.ended, ended);
    assertRestored(end);
  });
}

test('dmstats watch ends when the terminal is hung up', { skip }, () => {
  assert.equal(onTerminal(WATCH, [SAMPLED, 'hangup']).ended, 'SIGHUP');
});

for (const how of ['throw', 'reject', 'exit']) {
  test(`openTerminal() gives the terminal back when the program ends by a ${how}`, { skip }, () => {
    const end = onTerminal([process.execPath, THROWER, how], []);
    assert.equal(end.ended, how === 'exit' ? '3' : '1');
    assertRestored(end);
    // The stack is to be read: it comes after the screen was given back.
    if (how !== 'exit') assert.match(end.written.slice(end.written.lastIndexOf('\u001b[?1049l')), /the bug/);
  });
}

for (const [how, step] of [
  ['Ctrl-Z', 'key=\\x1a'],
  ['SIGTSTP', 'signal=SIGTSTP'],
] as const) {
  test(`dmstats watch gives the terminal back while it is stopped by ${how}, and goes on`, { skip }, () => {
    const end = onTerminal(WATCH, [SAMPLED, step, 'stopped', 'signal=SIGCONT', 'wait=\u001b[?1049h', SAMPLED, 'key=q']);
    assert.deepEqual(end.stops, [true]);
    assert.equal(end.ended, '0');
    assertRestored(end);
    const first = end.written.slice(0, end.written.lastIndexOf('\u001b[?1049h'));
    assert.deepEqual([...new Screen().write(first).modes], []);
  });
}

test('dmstats watch draws anew after a SIGSTOP, which nothing can catch', { skip }, () => {
  const steps = [SAMPLED, 'signal=SIGSTOP', 'stopped', 'signal=SIGCONT', 'wait=\u001b[?1049h', SAMPLED, 'key=q'];
  assertRestored(onTerminal(WATCH, steps));
});

test('dmstats watch follows the size of the terminal', { skip }, () => {
  // The last line of 40: there was none on 24.
  const end = onTerminal(WATCH, [
    SAMPLED,
    'size=120x40',
    'wait=\u001b[40;1H',
    SAMPLED,
    'size=20x5',
    'wait=\u001b[5;1H',
    'key=q',
  ]);
  assert.equal(end.ended, '0');
  assertRestored(end);
});

test('dmstats watch on a terminal of 80x24 opens a file, sorts, filters, pauses', { skip }, () => {
  const end = onTerminal(WATCH, [
    ...[SAMPLED, 'key=/orders\\r', 'wait=filter "orders": 1', 'key=\\r', 'wait=> /srv/db/orders.db', 'wait=R region'],
    ...[
      'key=\\x1b[D',
      'wait=all devices',
      'key=s',
      'wait=by wait',
      'key=p',
      'wait=PAUSED',
      'key=?',
      'wait=any key: back',
    ],
    ...['key=x', 'wait=PAUSED', 'key=q'],
  ]);
  assert.equal(end.ended, '0');
  const { lines } = new Screen().write(end.written.slice(0, end.written.lastIndexOf('\u001b[0m\u001b[?25h')));
  assert.equal(lines.length, 24);
  assert.match(lines[0] ?? '', /SIMULATED: all devices +PAUSED$/);
  assert.ok(
    lines.some((line) => /^G \/srv\/db\/orders\.db +\d/.test(line)),
    lines.join('\n'),
  );
});

test('dmstats watch without a terminal is one line and status 1', { skip }, () => {
  const end = onTerminal(
    ['sh', '-c', `${WATCH.join(' ')} </dev/null; echo "status $?"; TERM=dumb ${WATCH.join(' ')}`],
    [],
  );
  assert.equal(end.ended, '1');
  const [first, status, second, ...rest] = end.written.trimEnd().split('\r\n');
  assert.match(first ?? '', /^dmstats watch needs a terminal that can move its cursor/);
  assert.deepEqual([status, second, rest], ['status 1', first, []]);
});
