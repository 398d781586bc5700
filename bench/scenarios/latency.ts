import { closeSync, fstatSync, writeSync } from 'node:fs';
import { Daemon } from '../daemon.ts';
import { coveredSectors, mapFile } from '../filemap.ts';
import { alignedBuffer, openDirect } from '../files.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { percentile, short } from '../statistics.ts';
import { FILE_SYSTEMS, type FileSystem, Volume } from '../volume.ts';

const BLOCK = 64 * 1024;
const LIMIT_MS = 10_000;
/** Uniformly random pauses between two writes. */
const PAUSE_MS = { least: 100, most: 700 };

interface Latencies {
  readonly ms: readonly number[];
  /** Times between two looks of the poller. */
  readonly pollMs: readonly number[];
}

/** From a write that inotify reports to the region that covers it. */
export const latency: Scenario = async ({ quick }) => {
  const samples = quick ? 12 : 120;
  const rows: string[][] = [];
  for (const fileSystem of FILE_SYSTEMS) {
    say(`latency: ${samples} writes on ${fileSystem}`);
    const { ms, pollMs } = await measure(fileSystem, samples);
    const cells = [50, 90, 99, 0, 100].map((percent) => short(percentile(ms, percent)));
    rows.push([
      fileSystem,
      `${samples}`,
      ...cells,
      `${short(percentile(pollMs, 50))} / ${short(percentile(pollMs, 99))}`,
    ]);
  }
  return {
    title: 'From an allocating write to its region, reported by inotify',
    method:
      'A file grows by O_DIRECT writes of 64 KiB at its end, at random intervals ' +
      `(${PAUSE_MS.least} to ${PAUSE_MS.most} ms), while this package’s dmfilemapd follows it. The time is that from the ` +
      'return of the write to the first look of a poller, in the writing process, that finds all of the file’s sectors ' +
      'covered by the group’s regions in the kernel’s list. Nothing is taken off: the poller’s own step is in it. ' +
      'The daemon waits 20 ms after a notice, to take a burst of them as one, and never spends more than a tenth of the ' +
      'time on updates.',
    tables: [
      {
        title: 'Milliseconds',
        columns: ['file system', 'writes', 'median', 'p90', 'p99', 'min', 'max', 'poll step, median / p99'],
        rows,
        notes: [],
      },
    ],
  };
};

async function measure(fileSystem: FileSystem, samples: number): Promise<Latencies> {
  await using volume = await Volume.make(fileSystem);
  const buffer = alignedBuffer(BLOCK, volume.folder);
  const path = `${volume.folder}/data`;
  const fd = openDirect(path);
  const ms: number[] = [];
  const pollMs: number[] = [];
  try {
    writeSync(fd, buffer);
    await using _daemon = await Daemon.start(path, await mapFile(volume, path), 'inode');
    await sleep(1000);
    for (let index = 0; index < samples; index++) {
      await sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
      writeSync(fd, buffer);
      const written = performance.now();
      const wanted = fstatSync(fd).size / 512;
      for (let last = written; ; ) {
        const isCovered = (await coveredSectors(volume.stats)) >= wanted;
        const now = performance.now();
        pollMs.push(now - last);
        last = now;
        if (isCovered) {
          ms.push(now - written);
          break;
        }
        if (now - written > LIMIT_MS) throw new Error(`write ${index} is not covered within ${LIMIT_MS} ms`);
      }
    }
  } finally {
    closeSync(fd);
  }
  return { ms, pollMs };
}
