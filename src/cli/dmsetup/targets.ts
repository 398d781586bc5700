import type { DmVersion } from '../../mapper/listing.ts';
import { packageVersion } from '../version.ts';
import type { Context } from './context.ts';
import { ask } from './failure.ts';

function tellVersion({ outcome }: Context, type: string, { major, minor, patch }: DmVersion): void {
  const version = `${major}.${minor}.${patch}`;
  outcome.tell(`${type.padEnd(16)} v${version}\n`, { target: type, version });
}

/** `dmsetup targets`. */
export async function targets(context: Context): Promise<number> {
  for (const { type, version } of await context.dm.targetVersions()) tellVersion(context, type, version);
  return 0;
}

/** `dmsetup target-version`. */
export async function targetVersion(context: Context): Promise<number> {
  for (const type of context.words) {
    const call = () => context.dm.targetVersion(type, { signal: context.signal });
    tellVersion(context, type, await ask('target-version', { ref: { name: type } }, call));
  }
  return 0;
}

/** `dmsetup version`. */
export async function version(context: Context): Promise<number> {
  const { major, minor, patch } = context.dm.version;
  const driver = `${major}.${minor}.${patch}`;
  const text = `Library version:   ${packageVersion()} (devicemapper)\nDriver version:    ${driver}\n`;
  context.outcome.tell(text, { library: packageVersion(), driver });
  return 0;
}
