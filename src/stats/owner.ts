import type { Region } from './region.ts';

/**
 * Regions that serve a group without being members of it: dmfilemapd lays them over free space. They have a program id
 * of their own, so that lists and reports of other programs stay as they are, and name their group in their aux data.
 */
export const LOOK_AHEAD_PROGRAM = 'dmfilemapd-ahead';

/** Whom a region serves. */
export interface Owner {
  readonly groupId: number;
  /** Tells processes apart that served the same group; no blanks. */
  readonly word: string;
}

/** The aux data of a region that serves a group. */
export function formatOwner({ groupId, word }: Owner): string {
  return `group=${groupId},${word}`;
}

/** Whom a look-ahead region serves; undefined for any other region. */
export function ownerOf({ programId, aux }: Pick<Region, 'programId' | 'aux'>): Owner | undefined {
  return programId === LOOK_AHEAD_PROGRAM ? parseOwner(aux) : undefined;
}

/** Reads `formatOwner`'s text; undefined for any other. */
export function parseOwner(aux: string): Owner | undefined {
  const match = /^group=(\d{1,10}),(\S+)$/.exec(aux);
  return match === null ? undefined : { groupId: Number(match[1]), word: match[2] as string };
}
