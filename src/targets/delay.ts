import { defineTarget, device, line, optional, sectorCount, u32 } from './grammar.ts';

const leg = (role: string) =>
  line(
    {
      device: device('what is mapped onto', { offset: 'offset', role }),
      offset: sectorCount('first sector on that device'),
      delay: u32('how long I/O waits', { unit: 'milliseconds' }),
    },
    { order: ['offset', 'delay', 'device'] },
  );

/** I/O that takes its time (drivers/md/dm-delay.c). Without a second device writes go as reads, flushes as writes. */
export const delay = defineTarget({
  type: 'delay',
  summary: 'delays reads, writes and flushes, each on a device of its own if wanted',
  params: line({ read: leg('read'), write: optional(leg('write')), flush: optional(leg('flush')) }),
  status: line({
    reads: u32('reads that wait'),
    writes: u32('writes that wait'),
    flushes: u32('flushes that wait'),
  }),
});
