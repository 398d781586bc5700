/**
 * dmfilemapd in path mode that kills itself: `killed-mover.js N FD GROUP PATH`, just before its Nth change of a region or
 * a tag once the path names a file on another device.
 */
import { statSync } from 'node:fs';
import { claimGroup } from '../../src/filemapd/claim.ts';
import { followFile } from '../../src/filemapd/follow-file.ts';
import { runFilemapd } from '../../src/filemapd/run.ts';
import { type ControlNode, openControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { possibleCpus } from '../../src/stats/memory.ts';
import { systemClock } from '../../src/system/clock.ts';

const [number = '', fd = '', groupId = '', path = ''] = process.argv.slice(2);
const home = statSync(path).dev;
let left = Number(number);

function mayDie(buffer: Uint8Array): void {
  if (!/@stats_(create|delete|set_aux)/.test(Buffer.from(buffer).toString('latin1'))) return;
  if (statSync(path).dev === home || --left > 0) return;
  process.kill(process.pid, 'SIGKILL');
}

function killing(node: ControlNode): ControlNode {
  return {
    kernel: node.kernel,
    reopen: () => killing(node.reopen()),
    ioctl: (command, buffer) => {
      mayDie(buffer);
      node.ioctl(command, buffer);
    },
    ioctlAsync: (command, buffer) => {
      mayDie(buffer);
      return node.ioctlAsync(command, buffer);
    },
    eventsPending: (signal) => node.eventsPending(signal),
    [Symbol.dispose]: () => node[Symbol.dispose](),
  };
}

await runFilemapd({
  dm: new DeviceMapper(killing(openControlNode())),
  follow: (onNotice) => followFile(Number(fd), path, { onNotice }),
  clock: systemClock,
  groupId: Number(groupId),
  mode: 'path',
  path,
  absenceMs: 1000,
  lookAhead: { cpus: possibleCpus(), word: `killed-${process.pid}` },
  claim: claimGroup,
  log: (level, text) => void (level < 3 && process.stdout.write(`${text}\n`)),
  onFollowing: () => process.stdout.write('Following\n'),
  signal: new AbortController().signal,
});
