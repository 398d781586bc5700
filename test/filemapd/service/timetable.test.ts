import assert from 'node:assert/strict';
import test from 'node:test';
import { ParkingClock } from '../../../src/filemapd/service/parking-clock.ts';
import { Pulse } from '../../../src/filemapd/service/pulse.ts';
import { dueAt, Timetable } from '../../../src/filemapd/service/timetable.ts';
import { SimulatedClock } from '../../../src/simulator/clock.ts';

test('dueAt() ends waits of a file at rest on one grid, at most 10 ms late, and short ones at most 20 ms late', () => {
  assert.equal(dueAt(1000, 5000), 5000);
  assert.equal(dueAt(4980, 5000), 5000);
  assert.equal(dueAt(4999, 5000), 10_000, 'a timer that ends early by a millisecond does not wake again after one');
  assert.equal(dueAt(9_995, 5000), 15_000);
  assert.equal(dueAt(1234, 500), 1500);
  assert.equal(dueAt(1234, 60_000), 60_000);
  assert.equal(dueAt(1234, 20), 1260);
  assert.equal(dueAt(1240, 1), 1260);
});

test('Timetable.take() gives each sleeper once, the earliest first, those of the next 10 ms too', () => {
  const table = new Timetable<string>();
  table.add('late', 300);
  table.add('early', 100);
  table.add('moved', 100);
  table.add('moved', 205);
  table.add('gone', 100);
  table.delete('gone');
  assert.equal(table.next(), 100);
  assert.deepEqual(table.take(99), ['early']);
  assert.deepEqual(table.take(99), []);
  assert.deepEqual(table.take(1000), ['moved', 'late']);
  assert.equal(table.next(), undefined);
});

/** A clock that counts its wake-ups. */
class CountingClock extends SimulatedClock {
  wakeups = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await super.sleep(ms, signal);
    if (signal?.aborted !== true) this.wakeups++;
  }
}

test('Pulse wakes once in 5 s for a thousand files at rest, whenever each of them began', async () => {
  const clock = new CountingClock();
  using pulse = new Pulse(clock);
  const stop = new AbortController();
  const looks = new Array<number>(1000).fill(0);
  const rest = async (file: number): Promise<void> => {
    await clock.sleep(file * 7);
    while (!stop.signal.aborted) {
      await pulse.sleep(5000, stop.signal);
      looks[file] = (looks[file] ?? 0) + 1;
    }
  };
  for (let file = 0; file < looks.length; file++) void rest(file);
  await clock.advance(20_000);
  clock.wakeups = 0;
  looks.fill(0);
  await clock.advance(60_000);
  assert.equal(clock.wakeups, 12);
  assert.deepEqual(new Set(looks), new Set([12]));
  stop.abort();
  await clock.settle();
});

test('Pulse.sleep() ends when its signal fires, and the others sleep on', async () => {
  const clock = new SimulatedClock();
  using pulse = new Pulse(clock);
  const stop = new AbortController();
  const ended: string[] = [];
  void pulse.sleep(100, stop.signal).then(() => ended.push('stopped'));
  void pulse.sleep(200).then(() => ended.push('other'));
  stop.abort();
  await clock.settle();
  assert.deepEqual(ended, ['stopped']);
  await clock.advance(200);
  assert.deepEqual(ended, ['stopped', 'other']);
});

test('ParkingClock parks a file after two quiet pauses, again at once after its turn, not after its own notices', async () => {
  const clock = new SimulatedClock({ startMs: 0 });
  let wake: (() => void) | undefined;
  const parking = {
    park: (action: () => void) => {
      wake = action;
      return { [Symbol.dispose]: () => (wake = undefined) };
    },
  };
  const file = new ParkingClock(clock, parking);
  const slept = async (ms: number, wakeUp = () => wake?.(), signal?: AbortSignal): Promise<number> => {
    const start = clock.now();
    let end = -1;
    void file.sleep(ms, signal).then(() => {
      end = clock.now() - start;
    });
    await clock.advance(10_000);
    wakeUp();
    await clock.settle();
    return end;
  };
  assert.equal(await slept(5000), 5000);
  assert.equal(await slept(5000), 10_000, 'parked until it is woken');
  assert.equal(wake, undefined);
  assert.equal(await slept(5000), 10_000, 'it has only had its turn');
  const notice = new AbortController();
  assert.equal(await slept(5000, () => notice.abort(), notice.signal), 10_000);
  assert.equal(await slept(5000), 5000, 'a pause of its own comes first again');
  assert.equal(await slept(500), 500);
  assert.equal(await slept(5000), 5000);
});
