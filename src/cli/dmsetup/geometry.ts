import { sectors } from '../../mapper/units.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { firstSubject } from './subject.ts';

/** `dmsetup setgeometry`. */
export async function setGeometry(context: Context): Promise<number> {
  const { subject, words } = await firstSubject(context);
  const numbers = words.filter((word) => /^\d{1,18}$/.test(word));
  const [cylinders, heads, sectorsPerTrack, start] = numbers.map(Number);
  const isWhole = numbers.length === words.length && words.length === 4;
  if (
    !isWhole ||
    cylinders === undefined ||
    heads === undefined ||
    sectorsPerTrack === undefined ||
    start === undefined
  ) {
    throw new CommandFailure('A geometry is four whole numbers: cylinders, heads, sectors a track, start');
  }
  const geometry = { cylinders, heads, sectorsPerTrack, start: sectors(start) };
  await ask('setgeometry', subject, () => context.dm.setGeometry(subject.ref, geometry));
  return 0;
}
