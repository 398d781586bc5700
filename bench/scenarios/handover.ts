import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { applyPlan } from '../../src/filemap/apply.ts';
import { rangesOf } from '../../src/filemap/extents.ts';
import { readExtents } from '../../src/filemap/filemap.ts';
import { matchFilemap } from '../../src/filemap/match.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import type { Plan } from '../../src/filemap/plan.ts';
import { sectors } from '../../src/mapper/units.ts';
import { groupCounters } from '../../src/stats/carried.ts';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import { addBounds, type ErrorBound, isExact, NO_ERROR, volumeOf } from '../../src/stats/error-bound.ts';
import type { Region } from '../../src/stats/region.ts';
import { mapFile } from '../filemap.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { short } from '../statistics.ts';
import { FILE_SYSTEMS, type FileSystem, sh, Volume } from '../volume.ts';

const FILE_MIB = 32;
const WITNESS = 'bench-witness';

interface Outcome {
  readonly handOvers: number;
  readonly exact: number;
  readonly error: ErrorBound;
  /** Readings of the group that were not between those of the witness, the bound allowed for. */
  readonly outside: number;
  readonly counted: bigint;
  readonly truth: bigint;
  readonly seconds: number;
}

/** Regions handed over again and again while the file is read without a pause. */
export const handover: Scenario = async ({ quick }) => {
  const times = quick ? 40 : 200;
  const rows: string[][] = [];
  for (const fileSystem of quick ? FILE_SYSTEMS.slice(0, 1) : FILE_SYSTEMS) {
    say(`handover: ${times} times on ${fileSystem}`);
    const { handOvers, exact, error, outside, counted, truth, seconds } = await measure(fileSystem, times);
    rows.push([
      fileSystem,
      ...[`${handOvers}`, `${exact}`, `${short((100 * exact) / handOvers)} %`, `${error.ios}`, `${outside}`],
      ...[`${truth}`, `${counted}`, short(Number(truth) / seconds)],
    ]);
  }
  return {
    title: 'Hand-overs under continuous I/O',
    method:
      `A file of ${FILE_MIB} MiB is read by fio (libaio, 4 KiB, at random, O_DIRECT, four at a time) without a pause, while its ` +
      'one region is replaced by two halves and they by one again, and so on. “Exact” are the hand-overs whose bound of ' +
      'error is 0. A witness, a region of another program over the same sectors that is never touched, is read before and ' +
      'after each reading of the group: “outside” are the readings of the group that do not lie between, its bound ' +
      'allowed for. “Read” are the reads that fio says it did, “counted” those of the group in the end.',
    tables: [
      {
        title: 'Hand-overs',
        columns: ['', 'hand-overs', 'exact', 'share', 'bound in I/Os', 'outside', 'read', 'counted', 'reads a second'],
        rows,
        notes: [],
      },
    ],
  };
};

async function measure(fileSystem: FileSystem, times: number): Promise<Outcome> {
  await using volume = await Volume.make(fileSystem);
  const { stats } = volume;
  const path = `${volume.folder}/data`;
  sh(`dd if=/dev/zero of=${path} bs=1M count=${FILE_MIB} oflag=direct 2>&1`);
  let groupId = await mapFile(volume, path);
  const run = await longestRun(path);
  const range = { start: sectors(run.start), length: sectors(run.end - run.start) };
  const witnessId = await stats.createRegion({ programId: WITNESS, range });
  const witness = (await stats.list(WITNESS)).regions.find(({ id }) => id === witnessId);
  if (witness === undefined) throw new Error('the witness is gone');
  const reader = startReader(path);
  await sleep(1000);
  const start = performance.now();
  let [exact, outside] = [0, 0];
  let error = NO_ERROR;
  for (let time = 0; time < times; time++) {
    const change = await handOver(stats, groupId, run, time % 2 === 0);
    groupId = change.groupId;
    error = addBounds(error, change.error);
    if (isExact(change.error)) exact++;
    const least = (await readsOf(stats, witness)) - error.ios;
    const counted = await readsOfGroup(stats, groupId);
    const most = (await readsOf(stats, witness)) + error.ios;
    if (counted < least || counted > most) outside++;
  }
  const seconds = (performance.now() - start) / 1000;
  const truth = await reader.stop();
  return { handOvers: times, exact, error, outside, counted: await readsOfGroup(stats, groupId), truth, seconds };
}

interface Run {
  readonly start: number;
  readonly end: number;
}

async function longestRun(path: string): Promise<Run> {
  using file = openFile(path);
  const { runs } = await readExtents(file, true);
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`the file lies in ${runs.length} pieces, not in one`);
  return run;
}

async function handOver(
  stats: DeviceStats,
  groupId: number,
  run: Run,
  intoTwo: boolean,
): Promise<{ groupId: number; error: ErrorBound }> {
  const filemap = matchFilemap(await stats.listBytes(), groupId, []);
  if (filemap === undefined) throw new Error(`group ${groupId} is gone`);
  const middle = run.start + Math.floor((run.end - run.start) / 16) * 8;
  const halves = [
    { start: run.start, end: middle },
    { start: middle, end: run.end },
  ];
  const ranges = rangesOf(intoTwo ? halves : [run]);
  const plan: Plan = { keep: [], create: [], replace: [{ old: filemap.regions, ranges, optional: false }] };
  const { group, error } = await applyPlan(stats, filemap.group, plan, filemap.options);
  return { groupId: group.id, error };
}

async function readsOf(stats: DeviceStats, region: Region): Promise<bigint> {
  return volumeOf(await stats.counters(region)).ios;
}

async function readsOfGroup(stats: DeviceStats, groupId: number): Promise<bigint> {
  const { regions, groups } = await stats.list();
  const group = groups.find(({ id }) => id === groupId);
  if (group === undefined) throw new Error(`group ${groupId} is gone`);
  const members = regions.filter(({ id }) => group.members.includes(id));
  const counters = await Promise.all(members.map((region) => stats.counters(region)));
  return volumeOf(groupCounters(counters, group.carried)).ios;
}

/** fio reading the file until it is stopped; it then says how many reads it did. */
function startReader(path: string): { stop(): Promise<bigint> } {
  const words = ['--name=r', `--filename=${path}`, '--ioengine=libaio', '--iodepth=4', '--direct=1', '--rw=randread'];
  const more = ['--bs=4k', '--time_based', '--runtime=3600', '--norandommap', '--output-format=json'];
  const child = spawn('fio', [...words, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    async stop() {
      const ended = once(child, 'close');
      child.kill('SIGINT');
      await ended;
      const text = Buffer.concat(chunks).toString();
      const reads = /"total_ios"\s*:\s*(\d+)/.exec(text)?.[1];
      if (reads === undefined) throw new Error(`fio said nothing of its reads: ${text.slice(0, 200)}`);
      return BigInt(reads);
    },
  };
}
