import { dirname, join } from 'node:path';
import { checkout, outFolder } from './folders.ts';

/** Size and place of the guest's scratch disks are the machine's, see machine.ts. */
const disks = '/dev/vda /dev/vdb';

/**
 * What a command in the guest finds in its environment: nothing of the host's.
 * The package's own commands come before Debian's, which stay reachable as /sbin/dmsetup.
 */
export function commandEnvironment(): Record<string, string> {
  const folders = [
    join(checkout, 'dist/bin'),
    ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
    dirname(process.execPath),
  ];
  const env: Record<string, string> = {
    PATH: folders.join(':'),
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    // No udev runs in the guest; the C tools would wait for it.
    DM_DISABLE_UDEV: '1',
  };
  return { ...env, LAB_DISKS: disks, LAB_OUT: outFolder() };
}

/** DM_* and LAB_* of the host, for commands typed by people: a seed, a level of debugging. */
export function passedOn(host: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(host).filter(([name]) => /^(DM|LAB)_/.test(name) && name !== 'LAB_OUT');
  return Object.fromEntries(kept) as Record<string, string>;
}
