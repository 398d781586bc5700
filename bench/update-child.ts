/** Updates of a filemap in a fresh process, each after one more extent; what they cost, as JSON. */

import { openFile } from '../src/filemap/open-file.ts';
import { updateFilemap } from '../src/filemap/update.ts';
import { DeviceMapper } from '../src/mapper/device-mapper.ts';
import type { Cost } from './cost.ts';
import { appendExtent } from './files.ts';

const [path = '', group = '', passes = ''] = process.argv.slice(2);
using dm = DeviceMapper.open();
using file = openFile(path);
const costs: Cost[] = [];
for (let pass = 0; pass < Number(passes); pass++) {
  appendExtent(path);
  const wall = performance.now();
  const before = process.cpuUsage();
  const { created, deleted } = await updateFilemap(dm, file, { groupId: Number(group) });
  const { user, system } = process.cpuUsage(before);
  costs.push({ cpuMs: (user + system) / 1000, wallMs: performance.now() - wall });
  if (created.length !== 1 || deleted.length !== 0) {
    throw new Error(`${created.length} regions created, ${deleted.length} deleted where one extent came`);
  }
}
process.stdout.write(JSON.stringify(costs));
