import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { openControlNode } from '../../src/mapper/control-node.ts';

/** What decides where the demo runs. */
export interface MachineFacts {
  readonly platform: string;
  readonly isRoot: boolean;
  /** Why the control node cannot be opened; undefined when it can. */
  readonly controlFailure: string | undefined;
  /** Programs that a run here would need and that are not there. */
  readonly missingPrograms: readonly string[];
}

/** Where the demo runs and, for the lab, why not here. */
export type Place = { readonly where: 'here' } | { readonly where: 'lab'; readonly because: string };

/** Chooses the machine's own device-mapper only where nothing can be in the way. */
export function choosePlace(facts: MachineFacts, forceLab: boolean): Place {
  const lab = (because: string): Place => ({ where: 'lab', because });
  if (forceLab) return lab('you asked for it (--lab)');
  if (facts.platform !== 'linux') return lab(`${facts.platform} has no device-mapper`);
  if (!facts.isRoot) return lab('you are not root, and only root may program device-mapper');
  if (facts.controlFailure !== undefined) return lab(facts.controlFailure);
  if (facts.missingPrograms.length > 0) return lab(`this machine lacks ${facts.missingPrograms.join(', ')}`);
  return { where: 'here' };
}

/** Looks at this machine. */
export function machineFacts(fileSystem: 'ext4' | 'xfs'): MachineFacts {
  const needed = ['losetup', 'mount', 'umount', 'fallocate', `mkfs.${fileSystem}`];
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    controlFailure: controlFailure(),
    missingPrograms: needed.filter((name) => !inPath(name)),
  };
}

function controlFailure(): string | undefined {
  try {
    openControlNode()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    const { reason, message } = error as Error & { readonly reason?: string };
    return reason ?? message;
  }
}

/** root's programs lie in the sbin folders, which not every PATH has. */
export const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

function inPath(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}
