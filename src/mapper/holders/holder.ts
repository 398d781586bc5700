/** What keeps a block device from being removed. */
export type Holder =
  /** A file system; `pid` is a process that sees the mount where our own mount name space does not have it. */
  | { readonly kind: 'mount'; readonly path: string; readonly fileSystem: string; readonly pid?: number | undefined }
  | { readonly kind: 'swap'; readonly path: string }
  /** Another device on top: device-mapper's name, or `md0`. */
  | { readonly kind: 'device'; readonly name: string }
  /** A loop device, such as `loop3`, backed by it. */
  | { readonly kind: 'loop'; readonly name: string }
  /** A process with an open descriptor. */
  | { readonly kind: 'open'; readonly pid: number; readonly command: string };

/** Whether it stays until somebody undoes it; a process, such as a worker of udev, may close the device any time. */
export function isPermanent({ kind }: Holder): boolean {
  return kind !== 'open';
}

const SHOWN = 8;

function oneHolder(holder: Holder): string {
  switch (holder.kind) {
    case 'mount': {
      const where = holder.pid === undefined ? '' : ` (in the mount name space of pid ${holder.pid})`;
      return `mounted at ${holder.path}${where}`;
    }
    case 'swap':
      return `in use as swap (${holder.path})`;
    case 'device':
      return `used by the device ${holder.name}`;
    case 'loop':
      return `used by the loop device ${holder.name}`;
    case 'open':
      return holder.pid === process.pid
        ? `opened by this process (pid ${holder.pid})`
        : `opened by ${holder.command} (pid ${holder.pid})`;
  }
}

/** The holders in one line; the first 8 and how many there are more. */
export function holdersText(holders: readonly Holder[]): string {
  if (holders.length === 0) {
    return 'in use, by nothing that can be seen from here (another pid name space, or a user in the kernel)';
  }
  const more = holders.length > SHOWN ? [`${holders.length - SHOWN} more`] : [];
  return `held by: ${[...holders.slice(0, SHOWN).map(oneHolder), ...more].join(', ')}`;
}
