import type { Area, Model, Step, TargetIo } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';
import { placeIn } from './fixed.ts';

interface Leg {
  readonly delay: number;
}

/** I/O that waits (drivers/md/dm-delay.c). Suspending the device lets all of it go on at once. */
export function delay(
  { read, write = read }: { readonly read: Leg; readonly write?: Leg },
  areas: readonly Area[],
  { clock }: TargetContext,
): Model {
  const legs = {
    read: { ms: read.delay, area: areas[0] as Area },
    write: { ms: write.delay, area: (areas[1] ?? areas[0]) as Area },
  };
  const late = { read: new Set<() => void>(), write: new Set<() => void>() };
  let flushing = false;
  return {
    // The third number is of flushes, which are not simulated.
    info: () => `${late.read.size} ${late.write.size} 0`,
    route({ direction, sector }: TargetIo) {
      const { ms, area } = legs[direction];
      const pass: readonly Step[] = [{ do: 'pass', to: placeIn(area, sector) }];
      if (ms === 0 || flushing) return pass;
      const until = (wake: () => void): void => {
        const go = (): void => {
          cancel();
          late[direction].delete(go);
          wake();
        };
        const cancel = clock.after(ms * 1e6, go);
        late[direction].add(go);
      };
      return [{ do: 'wait', until, afterwards: () => pass }];
    },
    suspending() {
      flushing = true;
      for (const go of [...late.read, ...late.write]) go();
    },
    resumed() {
      flushing = false;
    },
  };
}
