import { crypt } from './crypt.ts';
import { error } from './error.ts';
import { flakey } from './flakey.ts';
import { linear } from './linear.ts';
import { rawTarget } from './raw.ts';
import { striped } from './striped.ts';
import type { TargetGrammar } from './target-type.ts';
import { thinPool } from './thin-pool.ts';
import { zero } from './zero.ts';

/** All types that are known here, in the order of the documentation. */
export const targetTypes: readonly TargetGrammar[] = [linear, striped, zero, error, flakey, thinPool, crypt];

const byName = new Map(targetTypes.map((grammar) => [grammar.type, grammar]));

/** The grammar of a type; an unknown type's leaves its text as it is. */
export function targetNamed(type: string): TargetGrammar {
  return byName.get(type) ?? rawTarget(type);
}
