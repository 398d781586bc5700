import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import { groupCounters } from '../../src/stats/carried.ts';
import { C_DMSTATS } from '../cost.ts';
import { Daemon } from '../daemon.ts';
import { coveredSectors, mapFile } from '../filemap.ts';
import { alignedBuffer, openDirect } from '../files.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { short } from '../statistics.ts';
import { FILE_SYSTEMS, type FileSystem, sh, Volume } from '../volume.ts';

const BLOCK = 64 * 1024;
const PAGE = 4096;
const LINE = 200;

interface Work {
  readonly path: string;
  readonly buffer: Buffer;
  readonly bytes: number;
  readonly lines: number;
}

/** Ways in which files grow; each returns the bytes of file data that it makes the device write. */
const WAYS: Readonly<Record<string, (work: Work) => number>> = {
  'buffered append': ({ path, buffer, bytes }) => {
    const fd = openSync(path, 'a');
    for (let at = 0; at < bytes; at += BLOCK) writeSync(fd, buffer);
    fsyncSync(fd);
    closeSync(fd);
    return bytes;
  },
  'O_DIRECT append': ({ path, buffer, bytes }) => {
    const fd = openDirect(path);
    for (let at = 0; at < bytes; at += BLOCK) writeSync(fd, buffer, 0, BLOCK, BLOCK + at);
    closeSync(fd);
    return bytes;
  },
  'fsynced log lines': ({ path, lines }) => {
    const fd = openSync(path, 'a');
    const line = Buffer.alloc(LINE, 'x');
    let written = 0;
    for (let index = 0; index < lines; index++) {
      writeSync(fd, line);
      fsyncSync(fd);
      // Each fsync writes the pages that the line touches.
      written += (Math.floor(((index + 1) * LINE - 1) / PAGE) - Math.floor((index * LINE) / PAGE) + 1) * PAGE;
    }
    closeSync(fd);
    return written;
  },
  'libaio into a hole at the end': ({ path, bytes }) => {
    // fio would unlink a file that is too short for it.
    truncateSync(path, BLOCK + bytes);
    sh(
      `fio --name=a --filename=${path} --ioengine=libaio --iodepth=8 --direct=1 --rw=write --bs=64k ` +
        `--offset=${BLOCK} --size=${bytes} --fallocate=none 2>&1`,
    );
    return bytes;
  },
  'fallocate, then random writes': ({ path, buffer, bytes }) => {
    execFileSync('fallocate', ['-o', `${BLOCK}`, '-l', `${bytes}`, path]);
    const blocks = Array.from({ length: bytes / BLOCK }, (_, index) => index + 1);
    for (let index = blocks.length - 1; index > 0; index--) {
      const other = Math.floor(Math.random() * (index + 1));
      [blocks[index], blocks[other]] = [blocks[other] as number, blocks[index] as number];
    }
    const fd = openDirect(path);
    for (const block of blocks) writeSync(fd, buffer, 0, BLOCK, block * BLOCK);
    closeSync(fd);
    return bytes;
  },
};

type Follower = 'ours' | 'c';

interface Count {
  readonly data: number;
  /** Undefined when the group was lost. */
  readonly counted: number | undefined;
  /** What the group says that it missed. */
  readonly missed: number;
  /** By how much the counts may be wrong, as it says. */
  readonly error: number;
  readonly device: number;
  readonly seconds: number;
}

/** The share of a growing file's sectors that its group counts. */
export const counted: Scenario = async ({ quick }) => {
  const bytes = (quick ? 16 : 64) << 20;
  const lines = quick ? 500 : 2000;
  const rows: string[][] = [];
  for (const way of Object.keys(WAYS).slice(quick ? 2 : 0)) {
    for (const fileSystem of quick ? FILE_SYSTEMS.slice(0, 1) : FILE_SYSTEMS) {
      say(`counted: ${way} on ${fileSystem}`);
      const ours = await measure(fileSystem, way, 'ours', bytes, lines);
      const c = await measure(fileSystem, way, 'c', bytes, lines);
      const share = ({ counted: sectors, data }: Count): string =>
        sectors === undefined ? 'group lost' : `${short((100 * sectors) / data)} %`;
      rows.push([
        `${way}, ${fileSystem}`,
        ...[`${ours.data}`, `${ours.device}`, short(ours.seconds), `${ours.counted ?? 0}`, share(ours)],
        ...[`${ours.data - (ours.counted ?? 0)}`, `${ours.missed}`, `${ours.error}`, share(c)],
      ]);
    }
  }
  const c = 'C: update in a loop';
  return {
    title: 'Share of a growing file’s sectors that is counted',
    method:
      `A file of 64 KiB is mapped and followed, then grows by ${bytes >> 20} MiB as fast as it goes (log lines: ${lines} ` +
      `lines of ${LINE} bytes, fsynced one by one). “File data” is what was written to the file in sectors; for log lines ` +
      'the pages that each fsync writes. “Device” is what a region over the whole device counted in the same time, with ' +
      'metadata and journal. “Counted” is what this package’s group counted, carried counts included; the rest was not ' +
      'seen. “Told as missed” are the sectors of growth of which the daemon says that nothing held their first I/O; “error” ' +
      'is its bound of what raced its readings and may be missing too. C’s dmfilemapd is not in Debian: in its place its update ' +
      '(`/sbin/dmstats update_filemap --nomonitor`) runs every 500 ms, which is what that daemon does. One run each.',
    tables: [
      {
        title: 'Sectors of 512 bytes',
        columns: [
          'growth',
          'file data',
          'device',
          'seconds',
          'counted',
          'share',
          'not seen',
          'told as missed',
          'error',
          c,
        ],
        rows,
        notes: [],
      },
    ],
  };
};

async function measure(
  fileSystem: FileSystem,
  way: string,
  follower: Follower,
  bytes: number,
  lines: number,
): Promise<Count> {
  await using volume = await Volume.make(fileSystem);
  const { folder, stats } = volume;
  const path = `${folder}/data`;
  const buffer = alignedBuffer(BLOCK, folder);
  const fd = openDirect(path);
  writeSync(fd, buffer);
  closeSync(fd);
  const groupId = await mapFile(volume, path);
  const whole = await stats.createRegion({ programId: 'bench' });
  await using _follower =
    follower === 'ours' ? await Daemon.start(path, groupId, 'inode') : new UpdateLoop(path, groupId);
  await sleep(1500);
  await stats.clear(whole);
  const start = performance.now();
  const work = WAYS[way] as (typeof WAYS)[string];
  const written = work({ path, buffer, bytes, lines });
  const seconds = (performance.now() - start) / 1000;
  sh(`sync ${path}`);
  const { regions } = await stats.list();
  const wholeRegion = regions.find(({ id }) => id === whole);
  if (wholeRegion === undefined) throw new Error('the region over the whole device is gone');
  const device = Number((await stats.counters(wholeRegion)).writeSectors);
  // What inotify does not tell is seen within seconds; then a last look, so that no hand-over is under way.
  for (const end = performance.now() + 15_000; performance.now() < end; await sleep(200)) {
    if ((await coveredSectors(stats)) >= Math.floor(statSync(path).size / 512)) break;
  }
  await sleep(1500);
  return { data: written / 512, ...(await countsOf(volume)), device, seconds };
}

async function countsOf({ stats }: Volume): Promise<Pick<Count, 'counted' | 'missed' | 'error'>> {
  const { regions, groups } = await stats.list();
  const [group] = groups;
  if (group === undefined) return { counted: undefined, missed: 0, error: 0 };
  const members = regions.filter(({ id }) => group.members.includes(id));
  const counters = await Promise.all(members.map((region) => stats.counters(region)));
  const { writeSectors } = groupCounters(counters, group.carried);
  return { counted: Number(writeSectors), missed: Number(group.missed), error: Number(group.error.sectors) };
}

/** The C tool's update, over and over. */
class UpdateLoop implements AsyncDisposable {
  readonly #child;

  constructor(path: string, groupId: number) {
    const script = 'while :; do "$@"; sleep 0.5; done';
    const words = [C_DMSTATS, 'update_filemap', '--nomonitor', '--groupid', `${groupId}`, path];
    this.#child = spawn('sh', ['-c', script, 'sh', ...words], { stdio: 'ignore', detached: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    process.kill(-(this.#child.pid as number), 'SIGTERM');
    await ended;
    await sleep(200);
  }
}
