import { ERRNO } from '../../kernel/errno.ts';
import type { mirror as grammar } from '../../targets/index.ts';
import { deviceText } from '../block-device.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

/** 100 MiB a second: a pace like a disk's, the kernel has none of its own. */
const SYNC_NS_PER_SECTOR = 1e9 / (100 * 2048);

/** A mirror's log, as its status has it. */
interface Log {
  readonly region: number;
  /** Whether the legs are taken to be equal. */
  readonly inSync: boolean;
  readonly words: string;
}

function logOf({ log }: Values, areas: readonly Area[]): Log {
  if ('core' in log) {
    const { region, sync } = log.core;
    return { region, inSync: sync === 'nosync', words: '1 core' };
  }
  if ('disk' in log) {
    const { region, sync } = log.disk;
    const number = areas[0]?.device.number;
    const device = number === undefined ? '' : deviceText(number);
    return { region, inSync: sync === 'nosync', words: `3 disk ${device} A` };
  }
  // A log that a daemon keeps, and there is none.
  throw new Refusal(ERRNO.EINVAL);
}

/**
 * The state of a mirror (drivers/md/dm-raid1.c): the legs become equal as the clock goes, region by region, while the
 * device is not suspended; when they are, there is an event. No leg ever fails, and content is not simulated.
 */
export function mirror(values: Values, areas: readonly Area[], { length, clock, raiseEvent }: TargetContext): Model {
  const { region, inSync, words } = logOf(values, areas);
  const legs = areas.slice(-values.legs.length).map(({ device }) => deviceText(device.number));
  const total = Number((length + BigInt(region) - 1n) / BigInt(region));
  let done = inSync ? total : 0;
  let stop: () => void = () => {};
  const next = (): void => {
    if (done === total) return;
    stop = clock.after(Math.ceil(region * SYNC_NS_PER_SECTOR), () => {
      done++;
      if (done === total) raiseEvent();
      next();
    });
  };
  const { features = [] } = values;
  const has = (feature: (typeof features)[number]): 'y' | 'n' => (features.includes(feature) ? 'y' : 'n');
  return {
    info: () => `${legs.length} ${legs.join(' ')} ${done}/${total} 1 ${'A'.repeat(legs.length)} ${words}`,
    // The log has nothing to say here.
    ima: () =>
      [
        `nr_mirrors=${legs.length}`,
        ...legs.map((leg, index) => `mirror_device_${index}=${leg},mirror_device_${index}_status=A`),
        `handle_errors=${has('handle_errors')},keep_log=${has('keep_log')},log_type_status=`,
      ].join(','),
    suspending: () => stop(),
    resumed: next,
  };
}
