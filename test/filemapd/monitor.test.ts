import assert from 'node:assert/strict';
import test from 'node:test';
import type { FileFacts } from '../../src/filemap/file-view.ts';
import {
  ACTIVE_LOOK_MS,
  DEBOUNCE_MS,
  IDLE_LOOK_MS,
  initialState,
  type Look,
  type MonitorEvent,
  type MonitorState,
  type Step,
  step,
} from '../../src/filemapd/monitor.ts';

const facts: FileFacts = {
  device: { major: 254, minor: 0 },
  inode: 12n,
  isRegular: true,
  links: 1,
  size: 4096n,
  blocks: 8n,
  modifiedNs: 1n,
  changedNs: 1n,
  bornNs: 1n,
};
const look = (change: Partial<Look> = {}): MonitorEvent => {
  const seen = { facts, isModified: false, deviceWrites: 0n, soleHolder: false, ...change };
  return { type: 'looked', look: { ...seen, atPath: 'atPath' in change ? change.atPath : seen.facts } };
};
const updated: MonitorEvent = { type: 'updated', facts, groupId: 0, changed: false, pending: false, costMs: 1 };

/** A monitor that has mapped its file at `now` and tidied up. */
function following(mode: 'inode' | 'path', now: number): MonitorState {
  const first = step(initialState({ mode, groupId: 0, absenceMs: 1000 }), look(), now);
  assert.deepEqual(first.effect, { type: 'update', tidy: false });
  const { state } = step({ ...first.state, untidy: false }, updated, now);
  return step(state, look(), now).state;
}
const wait = ({ effect }: Step): { ms: number; deaf: boolean } => {
  assert.equal(effect.type, 'wait');
  return effect as { ms: number; deaf: boolean };
};

test('step() begins with an update and waits long on a quiet device', () => {
  const state = following('inode', 1000);
  assert.deepEqual(wait(step(state, look(), 1000)), { type: 'wait', ms: IDLE_LOOK_MS, deaf: false });
});

test('step() updates at once when the file has grown after a pause, and not sooner than the debounce allows', () => {
  const state = following('inode', 1000);
  const grown = { ...facts, blocks: 16n };
  assert.equal(step(state, look({ facts: grown }), 5000).effect.type, 'update');
  assert.deepEqual(wait(step(state, look({ facts: grown }), 1005)), { type: 'wait', ms: DEBOUNCE_MS - 5, deaf: true });
});

test('step() spends at most a tenth of the time on updates for growth, however much they cost', () => {
  const state = { ...following('inode', 1000), updateCostMs: 300 };
  const grown = { ...facts, blocks: 16n };
  // 300 ms of cost ask for 3 s from the last update on.
  assert.deepEqual(wait(step(state, look({ facts: grown }), 1100)), { type: 'wait', ms: 2900, deaf: true });
});

test('step() looks at the extents half a second after any write to the device', () => {
  const state = following('inode', 1000);
  assert.equal(step(state, look({ deviceWrites: 1n }), 1000 + ACTIVE_LOOK_MS).effect.type, 'update');
  assert.ok(wait(step(state, look({ deviceWrites: 1n }), 1100)).ms <= 400);
});

test('step() only glances at a file at rest that takes turns, once in five seconds, and updates when it has moved', () => {
  const turns = (deviceWrites: bigint) => look({ deviceWrites, takesTurns: true, isListed: true });
  const state = step(following('inode', 1000), turns(0n), 7000).state;
  const glance = step(state, turns(1n), 8000);
  assert.deepEqual(glance.effect, { type: 'glance' });
  const still = step(glance.state, { type: 'glanced', isMoved: false }, 8000);
  // The device is written all the time: it waits for its next turn, not half a second.
  const waiting = step(still.state, turns(2n), 8001);
  assert.deepEqual(wait(waiting), { type: 'wait', ms: IDLE_LOOK_MS, deaf: false });
  assert.deepEqual(step(waiting.state, turns(2n), 13_010).effect, { type: 'glance' });
  const moved = step(glance.state, { type: 'glanced', isMoved: true }, 8000);
  assert.equal(step(moved.state, turns(1n), 8001).effect.type, 'update');
});

test('step() looks for the group of a file at rest unless a look at its device has shown it', () => {
  const state = step(following('inode', 1000), look({ takesTurns: true, isListed: true }), 7000).state;
  assert.equal(step(state, look({ takesTurns: true, isListed: true }), 60_000).effect.type, 'wait');
  assert.equal(step(state, look({ takesTurns: true, isListed: false }), 60_000).effect.type, 'checkGroup');
});

test('step() looks soon and then ever later for the blocks of pending data', () => {
  let { state } = step(following('inode', 1000), { ...updated, pending: true }, 1000);
  const waits: number[] = [];
  for (let now = 1000; waits.length < 8; now += waits.at(-1) ?? 0) {
    const next = step(state, look(), now);
    state = next.state;
    if (next.effect.type === 'wait') waits.push(next.effect.ms);
    else break;
  }
  assert.deepEqual(waits.slice(0, 5), [20, 40, 80, 160, 320]);
  assert.equal(step(state, look({ deviceWrites: 9n }), 20_000).effect.type, 'update');
});

test('step() ends in inode mode when the last name and the last other holder are gone', () => {
  const unlinked = { ...facts, links: 0 };
  const held = step(following('inode', 1000), look({ facts: unlinked }), 2000);
  assert.equal(held.effect.type, 'watchCloses');
  assert.equal(step(held.state, look({ facts: unlinked }), 2000).effect.type !== 'exit', true);
  assert.deepEqual(step(held.state, look({ facts: unlinked, soleHolder: true }), 3000).effect, {
    type: 'exit',
    status: 0,
    message: 'File unlinked and closed: exiting.',
  });
});

test('step() reopens in path mode when the path names another file, on any device', () => {
  const state = following('path', 1000);
  assert.equal(step(state, look({ atPath: { ...facts, inode: 13n } }), 2000).effect.type, 'reopen');
  const elsewhere = { ...facts, device: { major: 254, minor: 1 } };
  assert.equal(step(state, look({ atPath: elsewhere }), 2000).effect.type, 'reopen');
  assert.notEqual(
    step(following('inode', 1000), look({ atPath: { ...facts, inode: 13n } }), 2000).effect.type,
    'reopen',
  );
});

test('step() bears an absence for its tolerance, counted anew each time', () => {
  let { state, effect } = step(following('path', 1000), look({ atPath: undefined }), 2000);
  assert.equal(effect.type, 'wait');
  ({ state } = step(state, look(), 2900));
  ({ state, effect } = step(state, look({ atPath: undefined }), 3500));
  assert.equal(effect.type, 'wait');
  assert.equal(step(state, look({ atPath: undefined }), 4499).effect.type, 'wait');
  assert.deepEqual(step(state, look({ atPath: undefined }), 4500).effect, {
    type: 'exit',
    status: 0,
    message: 'File removed from its path: exiting.',
  });
});

test('step() ends with 1 when the path names something else than a file', () => {
  const { effect } = step(following('path', 1000), look({ atPath: { ...facts, inode: 2n, isRegular: false } }), 2000);
  assert.equal(effect.type === 'exit' && effect.status, 1);
});

test('step() ends when the group is gone or it is told to stop, from any state', () => {
  const state = following('path', 1000);
  assert.deepEqual(step(state, { type: 'groupGone' }, 0).effect, {
    type: 'exit',
    status: 0,
    message: 'Filemap group removed: exiting.',
  });
  assert.equal(step(state, { type: 'stopped' }, 0).effect.type, 'exit');
});

test('step() follows the group when its id changes', () => {
  assert.equal(step(following('inode', 0), { ...updated, groupId: 4 }, 1).state.groupId, 4);
});

test('step() tries a failed update again, later when it costs more, and gives up on what cannot go well', () => {
  const state = following('inode', 1000);
  const failed = { type: 'updateFailed', final: false, message: 'ENOMEM', costMs: 200 } as const;
  const again = step(state, failed, 2000);
  assert.equal(wait(again).ms, ACTIVE_LOOK_MS);
  assert.notEqual(step(again.state, look(), 3000).effect.type, 'update');
  assert.equal(step(again.state, look(), 4000).effect.type, 'update');
  assert.deepEqual(step(state, { ...failed, final: true }, 2000).effect, {
    type: 'exit',
    status: 1,
    message: 'ENOMEM',
  });
});
