import { defineTarget, device, line, optional, sectorCount, u32 } from './grammar.ts';

const PAGE_SECTORS = 8;
const LARGEST_PAGE_SECTORS = 128;

/** Smaller logical blocks than the device's (drivers/md/dm-ebs-target.c). */
export const ebs = defineTarget({
  type: 'ebs',
  summary: 'gives a device with large blocks smaller logical ones',
  params: line(
    {
      device: device('what is mapped onto', { offset: 'offset' }),
      offset: sectorCount('first sector on the device'),
      emulated: u32('logical block size to give', {
        min: 1,
        max: LARGEST_PAGE_SECTORS,
        powerOfTwo: true,
        unit: 'sectors',
      }),
      underlying: optional(u32("the device's block size", { min: 1, powerOfTwo: true, unit: 'sectors' })),
    },
    {
      order: ['offset', 'emulated', 'page', 'underlying', 'device'],
      rules: {
        // A page is 4 KiB on most machines and up to 64 KiB on some: the kernel takes no more than one.
        page: {
          about: 'emulated',
          errno: undefined,
          wrong: ({ emulated }) =>
            emulated > PAGE_SECTORS && emulated <= LARGEST_PAGE_SECTORS
              ? `a block of ${emulated} sectors needs a machine with pages as large`
              : undefined,
        },
      },
    },
  ),
});
