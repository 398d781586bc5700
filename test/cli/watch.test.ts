import assert from 'node:assert/strict';
import test from 'node:test';
import type { Environment } from '../../src/cli/dmstats/context.ts';
import type { SampleClock } from '../../src/stats/sample-clock.ts';
import type { BlockIo } from '../../src/system/block-statistics.ts';
import type { Terminal, TerminalEvent } from '../../src/watch/terminal.ts';
import { Screen } from '../watch/terminal-support.ts';
import { World } from './support.ts';

/** A terminal of 80x24 in memory. */
class FakeTerminal implements Terminal {
  readonly size = { columns: 80, rows: 24 };
  readonly screen = new Screen();
  isGivenBack = false;
  #listener: (event: TerminalEvent) => void = () => {};

  write(text: string): void {
    this.screen.write(text);
  }

  listen(listener: (event: TerminalEvent) => void): void {
    this.#listener = listener;
  }

  press(name: string): void {
    this.#listener({ type: 'key', key: { name, text: name.length === 1 ? name : '', ctrl: false } });
  }

  [Symbol.dispose](): void {
    this.isGivenBack = true;
  }
}

/** Runs `dmstats watch`; in its n-th interval of a second, `rounds[n]` is done, after the last one `q` is pressed. */
async function watched(
  world: World,
  words: readonly string[],
  rounds: readonly ((terminal: FakeTerminal) => void)[],
  environment: Partial<Environment> = {},
): Promise<FakeTerminal & { readonly lines: readonly string[] }> {
  const terminal = new FakeTerminal();
  const left = [...rounds];
  let nowNs = 0n;
  let lines: readonly string[] = [];
  const clock: SampleClock = {
    now: () => nowNs,
    wait: async (ms, signal) => {
      const round = left.shift();
      lines = terminal.screen.lines;
      if (round === undefined) terminal.press('q');
      else round(terminal);
      signal?.throwIfAborted();
      nowNs += BigInt(Math.round(ms * 1e6));
    },
  };
  const { status, stderr } = await world.run(['watch', ...words], {
    clock,
    terminal: () => terminal,
    blockIo: () => undefined,
    timeOfDay: () => 0,
    ...environment,
  });
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(terminal.isGivenBack);
  return Object.assign(terminal, { lines });
}

test('watch shows what was counted in each interval, and clears nothing', async () => {
  const world = new World();
  await world.ok('create --precise --bounds 1ms,10ms t0');
  world.read('t0', 0);
  const { lines } = await watched(
    world,
    [],
    [
      () => {
        world.read('t0', 100, 16, 2_000_000);
        world.kernel.clock.advanceNs(1e9);
      },
      () => {
        world.read('t0', 200, 16, 2_000_000);
        world.read('t0', 300, 16, 20_000_000);
        world.kernel.clock.advanceNs(1e9);
      },
    ],
  );
  // Two reads of 8 KiB: 16 KiB a second; 11 ms on average; the last bin, which has no upper bound.
  const [, , row = ''] = lines;
  assert.deepEqual(row.split(/ +/).slice(0, 9), ['R', 't0', 'region', '0', '2', '0', '16K', '0', '11ms']);
  assert.match(row, / >10ms /);
  assert.match(await world.ok('report --noheadings -o read_count t0'), /^4\n$/);
});

test('watch marks a region that another program cleared', async () => {
  const world = new World();
  await world.ok('create t0');
  for (let index = 0; index < 3; index++) world.read('t0', 0);
  const { lines } = await watched(world, [], [() => world.kernel.message('t0', '@stats_clear 0')]);
  assert.match(lines[2] ?? '', /^R!t0 region 0/);
});

test('watch of named devices shows no others; of a named program, only its regions', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create --programid other t1');
  const rows = ({ lines }: { readonly lines: readonly string[] }) => lines.filter((line) => /^R /.test(line)).length;
  const nothing = [() => {}];
  assert.equal(rows(await watched(world, [], nothing)), 2);
  assert.match((await watched(world, ['t1'], nothing)).lines[2] ?? '', /^R t1 /);
  assert.equal(rows(await watched(world, ['-u', 'UUID-t1', '--programid', 'dmstats'], nothing)), 0);
});

test('watch shows devices by the block layer, also without regions', async () => {
  const world = new World();
  let reads = 0n;
  const zero = { readsMerged: 0n, writes: 0n, writesMerged: 0n, writeSectors: 0n, writeMs: 0n, inFlight: 0n };
  const none = { weightedMs: 0n, discards: 0n, discardsMerged: 0n, discardSectors: 0n, discardMs: 0n };
  const blockIo = (): BlockIo => {
    reads += 5n;
    return { ...zero, ...none, reads, readSectors: reads * 8n, readMs: reads * 2n, busyMs: reads * 100n };
  };
  const { lines } = await watched(world, ['t0'], [() => {}], { blockIo });
  // Five reads of 4 KiB that took 2 ms each and kept the device busy for half of the second.
  assert.deepEqual((lines[2] ?? '').split(/ +/).slice(0, 9), ['D', 't0', '5', '0', '20K', '0', '2ms', '-', '50.0']);
});

test('watch shows aliases with escapes as text', async () => {
  const world = new World();
  await world.ok('create t0');
  world.kernel.message('t0', '@stats_set_aux 0 DMS_GROUP="\u009b31m":0#-');
  const { lines } = await watched(world, [], [() => {}]);
  assert.match(lines[2] ?? '', /^G \\x9b31m /);
});

test('watch takes keys while it waits', async () => {
  const world = new World();
  await world.ok('create --areas 4 t0');
  const { lines } = await watched(world, ['--sort', 'name'], [() => {}, (terminal) => terminal.press('return')]);
  assert.match(lines[0] ?? '', /by name: all devices > t0 region 0$/);
  assert.equal(lines.filter((line) => /^A area [0-3] at /.test(line)).length, 4);
});

test('top is watch; its words are checked before the terminal is touched', async () => {
  const world = new World();
  const open = (): Terminal => assert.fail('the terminal was taken over');
  const refused = async (...words: string[]) => (await world.run(words, { terminal: open })).stderr;
  assert.match(await refused('top', '--sort', 'size'), /^Invalid --sort argument "size": one of util, wait, p99/);
  assert.match(await refused('watch', '--interval', '0'), /^Invalid --interval/);
  assert.match(await refused('watch', 'nix'), /^Device nix not found/);
  assert.match(await refused('watch', '--simulate', 't0'), /please name none/);
  assert.match(await refused('watch', '--raw'), /^Cannot use --raw with watch/);
});
