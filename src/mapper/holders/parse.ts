import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';

/** One line of `/proc/PID/mountinfo`. */
export interface MountLine {
  /** The mount's number, one for all name spaces that share it. */
  readonly id: number;
  readonly number: DeviceNumber;
  readonly path: string;
  readonly fileSystem: string;
  /** What was mounted: a path for file systems on a device. */
  readonly source: string;
}

/** Blanks, tabs, newlines and backslashes in paths are three octal digits each (fs/seq_file.c, `mangle_path`). */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

// Lines of another form are left out: what explains a refusal must not fail itself.
const MOUNT = /^(\d+) \d+ (\d+):(\d+) \S+ (\S+) .*? - (\S+) (\S+)/;

/** The mounts of one mount name space. Source: proc_pid_mountinfo(5). */
export function parseMountinfo(text: string): MountLine[] {
  const mounts: MountLine[] = [];
  for (const line of text.split('\n')) {
    const match = MOUNT.exec(line);
    if (match === null) continue;
    const [, id, major, minor, path = '', fileSystem = '', source = ''] = match;
    mounts.push({
      id: Number(id),
      number: { major: Number(major), minor: Number(minor) },
      path: unescaped(path),
      fileSystem: unescaped(fileSystem),
      source: unescaped(source),
    });
  }
  return mounts;
}

/** The paths of `/proc/swaps`, of files too. Source: proc_swaps(5). */
export function parseSwaps(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => unescaped(line.split(/\s/, 1)[0] ?? ''))
    .filter((path) => path !== '');
}
