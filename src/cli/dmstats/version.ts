import { packageVersion } from '../version.ts';
import type { Context } from './context.ts';

/** `dmstats version`. */
export async function version(context: Context): Promise<number> {
  context.print(`Library version:   ${packageVersion()} (devicemapper)\n`);
  const { major, minor, patch } = context.dm.version;
  context.print(`Driver version:    ${major}.${minor}.${patch}\n`);
  return 0;
}
