import { Daemon } from '../daemon.ts';
import { mapFile } from '../filemap.ts';
import { makeFragmentedFile } from '../files.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { short } from '../statistics.ts';
import { Volume } from '../volume.ts';

/** What the daemon costs while nothing happens. */
export const idle: Scenario = async ({ quick }) => {
  // Until the file system's own timers (journal, inode table) have written what they had.
  const settleMs = quick ? 5000 : 20_000;
  const sampleMs = quick ? 10_000 : 60_000;
  const sizes = quick ? [1, 200] : [1, 1000];
  await using first = await Volume.make('ext4');
  await using second = await Volume.make('ext4');
  say(`idle: files of ${sizes.join(' and ')} regions`);
  const start = async (volume: Volume, extents: number): Promise<Daemon> => {
    const path = `${volume.folder}/data`;
    makeFragmentedFile(path, extents);
    return Daemon.start(path, await mapFile(volume, path), 'inode');
  };
  await using one = await start(first, sizes[0] as number);
  await using many = await start(second, sizes[1] as number);
  await sleep(settleMs);
  const daemons = [one, many];
  const before = daemons.map((daemon) => daemon.usage());
  await sleep(sampleMs);
  const after = daemons.map((daemon) => daemon.usage());
  const rows = after.map((now, index) => {
    const then = before[index] as typeof now;
    const perMinute = 60_000 / sampleMs;
    return [
      `${sizes[index]}`,
      short((now.wakeups - then.wakeups) * perMinute),
      short(((now.cpuMs - then.cpuMs) * perMinute) / 1000),
      ...[now.pssKib, now.rssKib, now.anonymousKib].map((kib) => short(kib / 1024)),
      `${now.descriptors}`,
    ];
  });
  return {
    title: 'The daemon at rest',
    method:
      'Two daemons, each following a file on a device of its own that nobody uses; a wake-up is a voluntary context switch of ' +
      `any of its threads. ${settleMs / 1000} s to settle, then ${sampleMs / 1000} s, given per minute. Memory: PSS shares ` +
      'Node’s own pages between the processes that run it (three here), anonymous is the daemon’s alone.',
    tables: [
      {
        title: 'Per minute, and memory at its end',
        columns: ['regions', 'wake-ups', 'CPU s', 'PSS MiB', 'RSS MiB', 'anonymous MiB', 'descriptors'],
        rows,
        notes: [],
      },
    ],
  };
};
