import { defineTarget, line } from './grammar.ts';

/** Reads as zeros and takes all writes (drivers/md/dm-zero.c). */
export const zero = defineTarget({
  type: 'zero',
  summary: 'reads as zeros, drops writes',
  params: line({}),
});
