import { existsSync } from 'node:fs';
import { execute } from './execute.ts';
import { LabError } from './lab-error.ts';

// The first line boots the guest; the guest sees the host's files, so the second line is for it.
const needed = [
  ...['qemu-system-x86', 'qemu-system-data', 'busybox-static', 'kmod', 'util-linux', 'xz-utils', 'zstd'],
  ...['dmsetup', 'e2fsprogs', 'xfsprogs', 'btrfs-progs', 'fio', 'python3-minimal', 'procps', 'udev', 'systemd'],
];

/** Which of the Debian packages the lab lives on are absent. Asks dpkg's files: dpkg itself is slower. */
export function missingPackages(installed: (path: string) => boolean = existsSync): string[] {
  return needed.filter(
    (name) => !['', ':amd64'].some((suffix) => installed(`/var/lib/dpkg/info/${name}${suffix}.list`)),
  );
}

/** Installs what is absent. Silent and quick when nothing is. */
export async function installPackages(say: (line: string) => void): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const names = missing.join(' ');
  if (process.arch !== 'x64' || !existsSync('/usr/bin/apt-get')) {
    throw new LabError(`the lab needs Debian 12 on x86-64 with these packages: ${names}`);
  }
  if (process.getuid?.() !== 0) {
    throw new LabError(`missing packages; as root, run: apt-get install ${names}`);
  }
  say(`lab: installing ${names}`);
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  try {
    await execute('apt-get', install);
  } catch {
    // The package lists are absent or old.
    await execute('apt-get', ['update']);
    await execute('apt-get', install);
  }
}
