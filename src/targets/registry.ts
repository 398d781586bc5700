import { cache } from './cache.ts';
import { clone } from './clone.ts';
import { crypt } from './crypt.ts';
import { delay } from './delay.ts';
import { dust } from './dust.ts';
import { ebs } from './ebs.ts';
import { era } from './era.ts';
import { error } from './error.ts';
import { flakey } from './flakey.ts';
import { integrity } from './integrity.ts';
import { linear } from './linear.ts';
import { logWrites } from './log-writes.ts';
import { mirror } from './mirror.ts';
import { multipath } from './multipath.ts';
import { pcache } from './pcache.ts';
import { raid } from './raid.ts';
import { rawTarget } from './raw.ts';
import { snapshot, snapshotMerge, snapshotOrigin } from './snapshot.ts';
import { striped } from './striped.ts';
import { switchTarget } from './switch.ts';
import type { TargetGrammar } from './target-type.ts';
import { thin } from './thin.ts';
import { thinPool } from './thin-pool.ts';
import { unstriped } from './unstriped.ts';
import { vdo } from './vdo.ts';
import { verity } from './verity.ts';
import { writecache } from './writecache.ts';
import { zero } from './zero.ts';
import { zoned } from './zoned.ts';

/** All types that are known here, in the order of the documentation. */
export const targetTypes: readonly TargetGrammar[] = [
  linear,
  striped,
  zero,
  error,
  delay,
  flakey,
  unstriped,
  switchTarget,
  logWrites,
  dust,
  ebs,
  zoned,
  snapshotOrigin,
  snapshot,
  snapshotMerge,
  mirror,
  thinPool,
  thin,
  cache,
  era,
  clone,
  crypt,
  writecache,
  verity,
  integrity,
  raid,
  multipath,
  vdo,
  pcache,
];

const byName = new Map(targetTypes.map((grammar) => [grammar.type, grammar]));

/** The grammar of a type; an unknown type's leaves its text as it is. */
export function targetNamed(type: string): TargetGrammar {
  return byName.get(type) ?? rawTarget(type);
}
