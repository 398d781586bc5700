import { reloadMirror } from '../../dirtylog/daemon/reload.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';

/** `dmlogd reload UUID`. */
export async function run({ words: [uuid, ...more], stdout }: CommandContext): Promise<number> {
  if (uuid === undefined || more.length > 0) throw new UsageError('reload: the UUID of one log, as "status" shows it');
  using dm = DeviceMapper.open();
  stdout.write(`reloaded ${(await reloadMirror(dm, uuid)).join(', ')}\n`);
  return 0;
}
