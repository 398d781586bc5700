import { ERRNO } from '../../kernel/errno.ts';
import type { flakey as grammar } from '../../targets/index.ts';
import type { Area, Model, TargetIo } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';
import { placeIn } from './fixed.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

/**
 * Works and fails in turn (drivers/md/dm-flakey.c), from the load of its table on. Damage at random
 * (`random_read_corrupt`, `random_write_corrupt`) is not simulated: the words are taken, and nothing is damaged.
 */
export function flakey({ up, down, features = [] }: Values, [area]: readonly Area[], { clock }: TargetContext): Model {
  if (area === undefined) throw new RangeError('a flakey target has a device');
  const startNs = clock.nowNs();
  const damage = features.flatMap((each) =>
    typeof each === 'object' && 'corrupt_bio_byte' in each ? [each.corrupt_bio_byte] : [],
  )[0];
  const random = features.some(
    (each) => typeof each === 'object' && ('random_read_corrupt' in each || 'random_write_corrupt' in each),
  );
  const drops = features.includes('drop_writes');
  const failsWrites = features.includes('error_writes');
  const failsReads = features.includes('error_reads');
  // Without a feature all I/O fails.
  const plain = !(damage !== undefined || random || drops || failsWrites || failsReads);
  const isDown = (): boolean => Math.floor((clock.nowNs() - startNs) / 1e9) % (up + down) >= up;
  const spoil = (bytes: Uint8Array): void => {
    if (damage !== undefined && damage.nth <= bytes.length) bytes[damage.nth - 1] = damage.value;
  };
  return {
    route({ direction, sector }: TargetIo) {
      const to = placeIn(area, sector);
      if (!isDown()) return [{ do: 'pass', to }];
      const fails = plain || (direction === 'read' ? failsReads : failsWrites);
      if (fails) return [{ do: 'fail', errno: ERRNO.EIO }];
      if (direction === 'write' && drops) return [{ do: 'nothing' }];
      const damaged = damage?.direction === (direction === 'read' ? 'r' : 'w') && damage.flags === 0;
      return [damaged ? { do: 'pass', to, spoil } : { do: 'pass', to }];
    },
  };
}
