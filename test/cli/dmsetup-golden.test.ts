/** What Debian's dmsetup said on two kernels, said again by ours on a simulated one, as far as that models the state. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { KernelRelease } from '../../src/simulator/release.ts';
import type { BlockDevices } from '../../src/system/block-devices.ts';
import { DmsetupWorld } from './dmsetup-world.ts';

interface Call {
  readonly command: string;
  readonly output: readonly string[];
  readonly status: number;
}

/** The calls of a capture, in the parts that began with a fresh machine. */
function capture(release: string): Call[][] {
  const text = readFileSync(`test/golden/dmsetup-${release}.txt`, 'utf8');
  return text.split('BEGIN-PROBE\n').map((part) =>
    [...part.matchAll(/^\$ (?<command>.*?)\n\[rc=(?<rc>\d+)\]$/gms)].map(({ groups = {} }) => {
      const { command = '', rc } = groups;
      const [first = '', ...output] = command.split('\n');
      // A table of several lines, in a word or from printf.
      const isTable = (line: string): boolean => /^\d+ \d+ (linear|zero)/.test(line);
      const ends = first.startsWith('printf')
        ? output.findIndex((line) => line.includes('| dmsetup')) + 1
        : / create \S+ .*--table/.test(first) && isTable(output[0] ?? '')
          ? 1
          : 0;
      return { command: [first, ...output.slice(0, ends)].join('\n'), output: output.slice(ends), status: Number(rc) };
    }),
  );
}

/** The words that the shell had: a table and a name with a blank were one word. */
function wordsOf(command: string): string[] {
  const [, rest = '', table] = /^dmsetup (.*?)(?: --table (.*))?$/s.exec(command) ?? [];
  const words = rest
    .replace('sp ace', 'sp\0ace')
    .replace('n 5', 'n\x005')
    .split(' ')
    .map((word) => word.replace('\0', ' '));
  return table === undefined ? words : [...words, '--table', table];
}

// Requests and targets that the simulator does not have, or what only another program's text can be.
const NOT_MODELLED =
  /^dmsetup (targets|target-version|version|remove_all|rename|stats|measure|help|udev|bogus|mknodes|mangle)|thin|crypt|striped/;
/** What it takes to be told otherwise, in docs/differences.md: the exit status alone is compared. */
const OTHERWISE = /--table (x|8 8)|^dmsetup create$|\+blkdevname/;

const BLOCK_DEVICES: BlockDevices = {
  name: (number) => number.replace(/^254:/, 'dm-').replace(/^1:/, 'ram'),
  readAheadSectors: () => 256,
  holders: (number) => (number === '254:0' ? ['254:1'] : []),
};

const said = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !/open failed|opendir failed|^Read Ahead/.test(line));

/** Ours without what it tells beyond the C tool: why the kernel refused. */
const complained = (text: string): string[] =>
  said(text).filter((_, index, { length }) => index === 0 || index === length - 1);

/** @param nodes whether `/dev/mapper` had them */
async function replay(
  calls: readonly Call[],
  release: KernelRelease,
  { sysfs, nodes }: { readonly sysfs: boolean; readonly nodes: boolean },
): Promise<number> {
  const world = new DmsetupWorld(release);
  if (sysfs) world.blockDevices = BLOCK_DEVICES;
  let count = 0;
  for (const { command, output, status } of calls) {
    const [, table, piped] = /^printf '%s' '(.*)' \| (dmsetup .*)$/s.exec(command) ?? [];
    const line = piped ?? command;
    if (table !== undefined) world.files.set(0, table);
    // The C tool reads names from sysfs, which was not there.
    if (!line.startsWith('dmsetup ') || NOT_MODELLED.test(line) || (!sysfs && line.includes('devname'))) continue;
    const words = wordsOf(line).map((word) =>
      word
        .replace(/\/dev\/ram(\d)/g, '1:$1')
        .replace(/\/dev\/mapper\/(\w+)/g, (path, name) =>
          nodes ? `254:${world.kernel.device(name).number.minor}` : path,
        ),
    );
    const mine = await world.run(words);
    assert.equal(mine.status, status, `${command}: ${mine.stderr}`);
    count++;
    if (OTHERWISE.test(command)) continue;
    assert.deepEqual(
      [...said(mine.stdout), ...complained(mine.stderr)],
      output.filter((line) => said(line).length > 0),
      command,
    );
  }
  return count;
}

for (const [release, file] of [
  ['6.1', '61'],
  ['6.12', '612'],
] as const) {
  test(`dmsetup says what Debian's said on ${release}`, async () => {
    const [, first = [], second = [], third = []] = capture(file);
    const before = (calls: readonly Call[], word: string): Call[] =>
      calls.slice(
        0,
        calls.findIndex(({ command }) => command.startsWith(`dmsetup ${word}`)),
      );
    const others = third.filter(({ command }) => !/ n[26]\b/.test(command));
    const early = before(others, 'remove_all');
    const counts = [
      await replay(before(first, 'rename'), release, { sysfs: false, nodes: false }),
      await replay(before(second, 'create pool'), release, { sysfs: true, nodes: true }),
      await replay(early, release, { sysfs: true, nodes: false }),
      await replay(before(others.slice(early.length + 1), 'create pool'), release, { sysfs: true, nodes: false }),
    ];
    // All that there is, so that none is left out unseen.
    assert.deepEqual(counts, [49, 23, 5, 23]);
  });
}
