import { defineTarget, device, line, list, literal, u32, usage } from './grammar.ts';

/** A zoned disk as one that can be written anywhere (drivers/md/dm-zoned-target.c); dmzadm prepares the devices. */
export const zoned = defineTarget({
  type: 'zoned',
  summary: 'makes zoned disks writable anywhere',
  params: line(
    {
      devices: list(
        device('a device; the first may be a regular one for the cache', { role: 'device', extent: 'unknown' }),
      ),
    },
    {
      rules: {
        some: { about: 'devices', wrong: ({ devices }) => (devices.length === 0 ? 'a device is missing' : undefined) },
      },
    },
  ),
  status: line({
    zones: u32('number of zones'),
    zonesWord: literal('zones'),
    cache: usage('cache zones that are unmapped'),
    cacheWord: literal('cache'),
    devices: list(
      line({
        random: usage('zones for random writes that are unmapped'),
        randomWord: literal('random'),
        sequential: usage('zones for sequential writes that are unmapped'),
        sequentialWord: literal('sequential'),
      }),
    ),
  }),
  messages: { reclaim: line({}) },
});
