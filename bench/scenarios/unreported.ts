import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { Daemon } from '../daemon.ts';
import { coveredSectors, mapFile } from '../filemap.ts';
import { alignedBuffer, openDirect } from '../files.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { percentile, short } from '../statistics.ts';
import { FILE_SYSTEMS, type FileSystem, Volume } from '../volume.ts';

const BLOCK = 64 * 1024;
const POLL_MS = 2;
const LIMIT_MS = 15_000;

type Kind = 'busy' | 'quiet';
/** Between two writes; on a quiet device long enough for it to be quiet again. No multiples of the daemon's periods. */
const PAUSE_MS: Record<Kind, number> = { busy: 1370, quiet: 13_300 };

/** From a write that inotify does not report to the region that covers it. */
export const unreported: Scenario = async ({ quick }) => {
  const samples: Record<Kind, number> = quick ? { busy: 5, quiet: 0 } : { busy: 24, quiet: 6 };
  const rows: string[][] = [];
  for (const kind of ['busy', 'quiet'] as const) {
    if (samples[kind] === 0) continue;
    say(`unreported: ${samples[kind]} writes on a ${kind} device, on ${FILE_SYSTEMS.join(' and ')}`);
    const results = await Promise.all(FILE_SYSTEMS.map((fileSystem) => measure(fileSystem, kind, samples[kind])));
    for (const [index, ms] of results.entries()) {
      const cells = [50, 90, 0, 100].map((percent) => short(percentile(ms, percent)));
      rows.push([`${kind}, ${FILE_SYSTEMS[index]}`, `${samples[kind]}`, ...cells]);
    }
  }
  return {
    title: 'From an allocating write to its region, not reported by inotify',
    method:
      'fio writes blocks of 64 KiB with libaio and O_DIRECT behind the data of a sparse file; io_submit(2) makes no inotify ' +
      'event. “Busy”: another fio job writes 20 times a second to another file of the same device; “quiet”: nothing else ' +
      `writes, and a write comes every ${PAUSE_MS.quiet / 1000} s. The time is that from the write’s completion in fio’s ` +
      `own log (1 ms) to the first look of a poller, every ${POLL_MS} ms and the length of a look, that finds it covered. ` +
      'The daemon looks every 500 ms while the device is written, every 5 s when it is quiet.',
    tables: [{ title: 'Milliseconds', columns: ['device', 'writes', 'median', 'p90', 'min', 'max'], rows, notes: [] }],
  };
};

async function measure(fileSystem: FileSystem, kind: Kind, samples: number): Promise<number[]> {
  await using volume = await Volume.make(fileSystem);
  const { folder, stats } = volume;
  const path = `${folder}/data`;
  const fd = openDirect(path);
  writeSync(fd, alignedBuffer(BLOCK, folder));
  closeSync(fd);
  // fio would make a new file of one that is too short for it.
  truncateSync(path, (samples + 1) * BLOCK);
  await using _daemon = await Daemon.start(path, await mapFile(volume, path), 'inode');
  using other =
    kind === 'busy'
      ? new Fio(
          folder,
          `--filename=${folder}/other --ioengine=psync --rw=randwrite --bs=4k
    --size=16m --rate_iops=20 --time_based --runtime=600`,
        )
      : undefined;
  await sleep(kind === 'busy' ? 3000 : 16_000);
  using writer = new Fio(
    folder,
    `--filename=${path} --ioengine=libaio --rw=write --bs=${BLOCK} --offset=${BLOCK} --size=${samples * BLOCK}
    --thinktime=${PAUSE_MS[kind] * 1000} --thinktime_blocks=1 --write_lat_log=/tmp/${volume.name} --log_unix_epoch=1`,
  );
  const seenAt: number[] = [];
  for (const start = Date.now(); seenAt.length < samples; await sleep(POLL_MS)) {
    const blocks = ((await coveredSectors(stats)) * 512) / BLOCK - 1;
    while (seenAt.length < blocks) seenAt.push(Date.now());
    if (Date.now() - start > (samples + 1) * PAUSE_MS[kind] + LIMIT_MS)
      throw new Error(`only ${seenAt.length} were seen`);
  }
  await writer.ended;
  other?.[Symbol.dispose]();
  await other?.ended;
  const lines = readFileSync(`/tmp/${volume.name}_lat.1.log`, 'utf8').trim().split('\n');
  return lines.map((line, index) => (seenAt[index] as number) - Number(line.split(',')[0]));
}

/** A running fio job with O_DIRECT. */
class Fio implements Disposable {
  readonly #child: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor(cwd: string, options: string) {
    const words = ['--name=job', '--direct=1', '--fallocate=none', ...options.trim().split(/\s+/)];
    this.#child = spawn('fio', words, { stdio: 'ignore', cwd });
    this.ended = once(this.#child, 'exit');
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGINT');
  }
}
