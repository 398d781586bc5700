import { dirname, join } from 'node:path';
import { checkout, outFolder } from './folders.ts';

/** Size and place of the guest's scratch disks are the machine's, see machine.ts. */
const disks = '/dev/vda /dev/vdb';

/**
 * What a command in the guest finds in its environment: nothing of the host's but DM_* and LAB_*.
 * The package's own commands come before Debian's, which stay reachable as /sbin/dmsetup.
 */
export function commandEnvironment(host: NodeJS.ProcessEnv): Record<string, string> {
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
  for (const [name, value] of Object.entries(host)) {
    if (/^(DM|LAB)_/.test(name) && value !== undefined) env[name] = value;
  }
  return { ...env, LAB_DISKS: disks, LAB_OUT: outFolder() };
}
