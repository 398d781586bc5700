// Maps a file on a device-mapper volume, follows it for a while and prints what was read and written.
// Run as root: node count-a-file.js /srv/images/vm.img 10
import { setTimeout } from 'node:timers/promises';
import { DeviceMapper } from 'devicemapper';
import { createFilemap, openFile, updateFilemap } from 'devicemapper/filemap';
import { DeviceStats, groupCounters, metrics, subtractCounters } from 'devicemapper/stats';

const [path, seconds = '5'] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: count-a-file FILE [SECONDS]');

using dm = DeviceMapper.open();
using file = openFile(path);
const { device, groupId } = await createFilemap(dm, file, { programId: 'example', alias: path });
let id = groupId ?? -1;
const stats = new DeviceStats(dm, device);

async function totals() {
  ({ groupId: id } = await updateFilemap(dm, file, { groupId: id }));
  const { regions, groups } = await stats.list();
  const group = groups.find((one) => one.id === id);
  const members = regions.filter((region) => group?.members.includes(region.id));
  return groupCounters(await Promise.all(members.map((region) => stats.counters(region))), group?.carried);
}

let before = await totals();
for (let second = 0; second < Number(seconds); second++) {
  await setTimeout(1000);
  const now = await totals();
  const rates = metrics(subtractCounters(now, before), 1e9);
  console.log(
    `${rates.readsPerSecond} reads/s ${rates.writesPerSecond} writes/s, ${(rates.averageWaitNs / 1e6).toFixed(2)} ms each`,
  );
  before = now;
}
const group = (await stats.list()).groups.find((one) => one.id === id);
if (group !== undefined) await stats.deleteGroup(group);
