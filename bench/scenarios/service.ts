import { openSync, writeFileSync } from 'node:fs';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { fileOfDescriptor } from '../../src/filemap/open-file.ts';
import { followFilemap } from '../../src/filemapd/service/client.ts';
import { Daemon } from '../daemon.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { short } from '../statistics.ts';
import { sh, Volume } from '../volume.ts';

/** Two pauses of a file at rest, and the end of what the file system writes by itself (journal, inode table). */
const SETTLE_MS = { quick: 20_000, full: 60_000 };
const SAMPLE_MS = { quick: 20_000, full: 60_000 };

/** What the service costs while nothing happens to many files on two devices. */
export const service: Scenario = async ({ quick }) => {
  const size = quick ? 'quick' : 'full';
  const count = quick ? 100 : 1000;
  await using one = await Volume.make('ext4');
  await using two = await Volume.make('ext4');
  const volumes = [one, two];
  await using daemon = await Daemon.startService();
  const placeOf = (index: number): { readonly volume: Volume; readonly path: string } => {
    const volume = volumes[index % 2] as Volume;
    return { volume, path: `${volume.folder}/file${index}` };
  };
  // Before anything is followed: whoever writes to a device has all its files looked at.
  for (let index = 0; index < count; index++) writeFileSync(placeOf(index).path, Buffer.alloc(4096, 1));
  sh('sync');
  const start = performance.now();
  for (let index = 0; index < count; index++) {
    const { volume, path } = placeOf(index);
    if (index % 100 === 0) say(`service: ${index} of ${count} files`);
    // What "dmstats create --filemap" does, without the start of a process for each.
    const fd = openSync(path, 'r');
    using file = fileOfDescriptor(fd);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { programId: 'bench', alias: `file${index}` });
    await followFilemap({ fd, groupId, path, mode: 'inode' });
  }
  const addedMs = performance.now() - start;
  await sleep(SETTLE_MS[size]);
  const before = daemon.usage();
  await sleep(SAMPLE_MS[size]);
  const after = daemon.usage();
  const perFiveSeconds = 5000 / SAMPLE_MS[size];
  const core = (after.cpuMs - before.cpuMs) / SAMPLE_MS[size];
  // At once: whatever comes, they are known.
  const wakes = (after.wakeups - before.wakeups) * perFiveSeconds;
  say(
    `service: ${short(wakes)} wake-ups in 5 s, ${short(core * 100)} % of a core, ${short(after.rssKib / 1024)} MiB resident`,
  );
  return {
    title: 'Many files, one process',
    method:
      `\`dmfilemapd service\` with ${count} files of one extent on two ext4 devices that nobody uses. ` +
      `${SETTLE_MS[size] / 1000} s to settle, then ${SAMPLE_MS[size] / 1000} s; a wake-up is a voluntary context switch of any ` +
      'thread. The first 93 files have look-ahead regions, as every new file for ten minutes while there is memory for them. With the C design each file has a process of its own that lists its device twice a second.',
    tables: [
      {
        title: 'At rest',
        columns: [
          'files',
          'wake-ups in 5 s',
          '% of a core',
          'RSS MiB',
          'PSS MiB',
          'inotify watches',
          'descriptors',
          's to add all',
        ],
        rows: [
          [
            `${count}`,
            short(wakes),
            short(core * 100),
            short(after.rssKib / 1024),
            short(after.pssKib / 1024),
            `${after.watches}`,
            `${after.descriptors}`,
            short(addedMs / 1000),
          ],
        ],
        notes: ['Under emulation CPU time is several times that of hardware.'],
      },
    ],
  };
};
