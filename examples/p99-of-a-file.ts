// Prints, every second, how long the slowest 1% of a file's I/Os took at least and at most, from its latency histogram.
// Run as root: node p99-of-a-file.js /srv/images/vm.img
import { DeviceMapper, nanoseconds } from 'devicemapper';
import { createFilemap, openFile } from 'devicemapper/filemap';
import { bins, DeviceStats, percentileBin, sampleDevices } from 'devicemapper/stats';

const [path = ''] = process.argv.slice(2);
using dm = DeviceMapper.open();
using file = openFile(path);
const bounds = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000].map((us) => nanoseconds(us * 1_000));
const { device } = await createFilemap(dm, file, { programId: 'p99', alias: path, precise: true, bounds });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
for await (const { devices } of sampleDevices(dm, { intervalMs: 1000, programId: 'p99', signal: stop.signal })) {
  const sample = devices.flatMap(({ groups }) => [...groups.values()]).find(({ group }) => group.alias === path);
  const p99 = percentileBin(bins(bounds, sample?.counters.histogram ?? []), 99);
  console.log(p99 === undefined ? 'no I/O' : `${p99.lower / 1000n} to ${(p99.upper ?? 0n) / 1000n || 'more'} µs`);
}
const stats = new DeviceStats(dm, device);
for (const group of (await stats.list('p99')).groups) await stats.deleteGroup(group);
