import { reloadMirror } from '../../dirtylog/daemon/reload.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';

/** `dmlogd reload UUID|DEVICE`. */
export async function run({ words: [mirror, ...more], stdout }: CommandContext): Promise<number> {
  if (mirror === undefined || more.length > 0) {
    throw new UsageError('reload: the UUID of one log, or its device, as "status" shows them');
  }
  using dm = DeviceMapper.open();
  stdout.write(`reloaded ${(await reloadMirror(dm, mirror)).join(', ')}\n`);
  return 0;
}
