import { DmError, UsageError } from '../mapper/errors.ts';
import type { Mapper } from './mapper.ts';

/** Whether there is a device of this name. */
export async function deviceExists(dm: Pick<Mapper, 'info'>, name: string): Promise<boolean> {
  try {
    await dm.info({ name });
    return true;
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return false;
    throw error;
  }
}

/** Why a device is not made. */
export const alreadyThere = (name: string): UsageError => new UsageError(`There is a device ${name} already`);
