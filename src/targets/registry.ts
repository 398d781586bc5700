import { crypt } from './crypt.ts';
import { error } from './error.ts';
import { flakey } from './flakey.ts';
import { integrity } from './integrity.ts';
import { linear } from './linear.ts';
import { multipath } from './multipath.ts';
import { pcache } from './pcache.ts';
import { raid } from './raid.ts';
import { rawTarget } from './raw.ts';
import { striped } from './striped.ts';
import type { TargetGrammar } from './target-type.ts';
import { thinPool } from './thin-pool.ts';
import { vdo } from './vdo.ts';
import { verity } from './verity.ts';
import { writecache } from './writecache.ts';
import { zero } from './zero.ts';

/** All types that are known here, in the order of the documentation. */
export const targetTypes: readonly TargetGrammar[] = [
  linear,
  striped,
  zero,
  error,
  flakey,
  thinPool,
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
