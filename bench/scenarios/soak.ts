import { renameSync, writeFileSync } from 'node:fs';
import { Daemon } from '../daemon.ts';
import { mapFile } from '../filemap.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { short, slope } from '../statistics.ts';
import { sh, Volume } from '../volume.ts';

const SAMPLE_MS = 10_000;

interface Sample {
  readonly minute: number;
  readonly values: readonly number[];
}

const QUANTITIES = ['PSS KiB', 'anonymous KiB', 'descriptors', 'inotify watches', 'regions of the group', 'regions'];

/** A daemon in path mode whose file is replaced all the time: whether anything grows. */
export const soak: Scenario = async ({ minutes }) => {
  await using volume = await Volume.make('ext4');
  const path = `${volume.folder}/data`;
  const replace = (round: number): void => {
    writeFileSync(`${path}.new`, Buffer.alloc(4096 * (1 + (round % 16)), round));
    renameSync(`${path}.new`, path);
  };
  replace(0);
  sh(`sync ${path}`);
  await using daemon = await Daemon.start(path, await mapFile(volume, path), 'path');
  const samples: Sample[] = [];
  const start = performance.now();
  let rounds = 0;
  while (performance.now() - start < minutes * 60_000) {
    replace(++rounds);
    await sleep(20 + Math.random() * 30);
    if (performance.now() - start < (samples.length + 1) * SAMPLE_MS) continue;
    const { pssKib, anonymousKib, descriptors, watches } = daemon.usage();
    const { regions, groups } = await volume.stats.list();
    const values = [pssKib, anonymousKib, descriptors, watches, groups[0]?.members.length ?? 0, regions.length];
    samples.push({ minute: (performance.now() - start) / 60_000, values });
    say(`soak: ${rounds} replacements, ${QUANTITIES.map((name, index) => `${name} ${values[index]}`).join(', ')}`);
  }
  const rows = QUANTITIES.map((name, index) => {
    const values = samples.map((sample) => sample.values[index] as number);
    const half = samples.slice(Math.floor(samples.length / 2));
    const perMinute = (part: readonly Sample[]): string =>
      short(slope(part.map((sample) => [sample.minute, sample.values[index] as number])));
    const numbers = [values[0] as number, values.at(-1) as number, Math.min(...values), Math.max(...values)];
    return [name, ...numbers.map(String), perMinute(samples), perMinute(half)];
  });
  return {
    title: 'The daemon under replacement',
    method:
      `For ${minutes} minutes a file of 4 to 64 KiB was replaced (written beside and renamed over) ` +
      `${short(rounds / (minutes * 60))} times a second, ${rounds} times in all, with dmfilemapd in path mode; ` +
      `a sample every ${SAMPLE_MS / 1000} s.`,
    tables: [
      {
        title: `${samples.length} samples`,
        columns: ['', 'first', 'last', 'min', 'max', 'slope a minute', 'slope of the second half'],
        rows,
        notes: [],
      },
    ],
  };
};
