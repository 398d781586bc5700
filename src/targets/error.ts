import { defineTarget, line } from './grammar.ts';

/** Fails all I/O (drivers/md/dm-target.c). It takes any words; from version 1.7 it copies a device's zones. */
export const error = defineTarget({
  type: 'error',
  summary: 'fails all I/O',
  params: line({}),
  extra: 'taken',
  readback: { nothing: true },
});
