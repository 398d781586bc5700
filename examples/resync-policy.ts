// Which region of a mirror is copied next: the first GiB at once, the rest at night, where it is written most first.
// Compiled, or written in JavaScript, in a file of root's: dmlogd serve --policy /etc/dmlogd/resync-policy.mjs
import { byHeat, type ResyncPolicy } from 'devicemapper/dirtylog';

const GIB_SECTORS = 2 ** 21;
const MORNING = 6 * 60;

const policy: ResyncPolicy = (mirror, time) => {
  const region = mirror.outOfSync.next(0);
  if (region * mirror.regionSectors < GIB_SECTORS) return region;
  return time.minuteOfDay < MORNING ? byHeat(mirror, time) : 'wait';
};

// biome-ignore lint/style/noDefaultExport: it is what dmlogd takes
export default policy;
