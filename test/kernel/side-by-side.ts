/** What the comparisons with Debian's dmstats share: both tools on the same regions. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemWorld, type World } from '../../src/cli/context.ts';
import { main } from '../../src/cli/dmstats.ts';
import { cleanUp, makeVolume, sh, type Volume } from './support.ts';

const THEIRS = '/sbin/dmstats';

/** What a run of either tool left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Main<World> = (words: readonly string[], world: Partial<World>) => Promise<number>;

/** One of our commands, in this process. */
export async function captured<W extends World>(run: Main<W>, words: readonly string[], world: W): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const status = await run(words, {
    ...world,
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  });
  return { status, stdout, stderr };
}

/** Our dmstats, in this process. */
export function ours(words: readonly string[]): Promise<Outcome> {
  return captured(main, words, systemWorld());
}

/** Debian's dmstats. */
export function theirs(words: readonly string[]): Outcome {
  const env = { ...process.env, DM_DISABLE_UDEV: '1' };
  const { status, stdout, stderr } = spawnSync(THEIRS, words, { encoding: 'utf8', env });
  return { status: status ?? -1, stdout, stderr };
}

const shellWord = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Debian's tool on many command lines, in one shell: a process of its own each is slow to start. */
export function theirsOfAll(lines: readonly (readonly string[])[], tool = THEIRS): Outcome[] {
  const folder = mkdtempSync(join(tmpdir(), 'theirs-'));
  const script = lines.map((words, index) => {
    const command = [tool, ...words].map(shellWord).join(' ');
    return `${command} >${index}.out 2>${index}.err; echo $? >${index}.status\n`;
  });
  sh(`cd ${folder}; export DM_DISABLE_UDEV=1\n${script.join('')}`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const outcomes = lines.map((_, index) => ({
    status: Number(read(`${index}.status`)),
    stdout: read(`${index}.out`),
    stderr: read(`${index}.err`),
  }));
  rmSync(folder, { recursive: true });
  return outcomes;
}

/** A volume with a node in /dev/mapper, without which Debian's tools do not find a device by its path. */
export async function makeNamedVolume(t: TestContext): Promise<Volume> {
  const makeNodes = (): string => sh('DM_DISABLE_UDEV=1 dmsetup mknodes');
  cleanUp(t, makeNodes);
  const volume = await makeVolume(t, 64);
  makeNodes();
  return volume;
}

/** Two reads of whole blocks, the later one before the other: nothing that the kernel would call merged. */
export function readTwice({ node }: Volume): void {
  const read = (skip: number): string => `dd if=${node} of=/dev/null bs=64k count=1 skip=${skip} iflag=direct 2>&1`;
  sh(`${read(3)}; ${read(1)}`);
}

/** Regions of all kinds: whole, precise with a histogram, of areas, grouped with and without an alias, foreign. */
export async function variedRegions({ name }: Volume): Promise<void> {
  for (const command of [
    `create ${name}`,
    `create --precise --bounds 300us,600us,1ms,5ms ${name}`,
    `create --bounds 10ms,20ms --areas 4 ${name}`,
    `create --start 0 --length 2048 --userdata note ${name}`,
    `create --start 2048 --length 2048 ${name}`,
    `create --start 4096 --length 2048 ${name}`,
    `create --start 6144 --length 2048 ${name}`,
    `create --programid foreign ${name}`,
    `group --regions 3,5 --alias pair ${name}`,
    `group --regions 4,6 ${name}`,
  ]) {
    const { status, stderr } = theirs(command.split(' '));
    assert.equal(status, 0, `${command}: ${stderr}`);
  }
}

/** Words with the device in place of DEV and NODE. */
export function filled(words: readonly string[], { name, node }: Volume): string[] {
  return words.map((word) => word.replaceAll('DEV', name).replaceAll('NODE', node));
}

/** Our output, after theirs, of the words with DEV for the device. */
export async function both(words: readonly string[], volume: Volume): Promise<{ mine: Outcome; their: Outcome }> {
  const line = filled(words, volume);
  // Theirs takes the counters away when it reports: ours is first.
  return { mine: await ours(line), their: theirs(line) };
}
