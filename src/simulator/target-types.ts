import { ERRNO } from '../kernel/errno.ts';
import { type BlockDevice, deviceText } from './block-device.ts';
import { Refusal } from './errors.ts';
import { scanDeviceNumber, scanU64 } from './words.ts';

/** What is asked of a target in words: its line of the table, its state, or what the integrity subsystem measures. */
export type StatusKind = 'table' | 'info' | 'ima';

/** Where on a device below a target's sectors lie. */
export interface Area {
  readonly device: BlockDevice;
  readonly offset: bigint;
}

/** What a target's constructor makes of its parameters. */
export interface Mapping {
  text(kind: StatusKind): string;
  /** The devices that it opens, in that order; each area is as long as the target. */
  readonly areas: readonly Area[];
  /** Where its I/O goes on to. */
  readonly lower?: Area;
}

/** What a target's constructor may ask of the kernel. */
export interface TargetContext {
  /** @throws Refusal ENXIO no such device, EINVAL it must not be used here */
  deviceAt(major: number, minor: number): BlockDevice;
  /** @throws Refusal that nothing is there */
  deviceAtPath(path: string): BlockDevice;
  /** The version of the type that is constructed, as `1.4.0`. */
  readonly version: string;
  readonly errorTakesDevice: boolean;
}

/** Makes a target of its words. @throws Refusal */
export type TargetConstructor = (words: readonly string[], context: TargetContext) => Mapping;

const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

function lowerDevice(word: string, context: TargetContext): BlockDevice {
  const number = scanDeviceNumber(word);
  if (number === undefined) return context.deviceAtPath(word);
  const [major, minor] = number;
  if (major > MAX_MAJOR || minor > MAX_MINOR) throw new Refusal(ERRNO.EOVERFLOW);
  return context.deviceAt(major, minor);
}

/** `<device> <offset>`: the number is looked at first. */
function areaOf(words: readonly string[], context: TargetContext): Area {
  const [deviceWord, offsetWord] = words;
  const offset = offsetWord === undefined ? undefined : scanU64(offsetWord);
  if (words.length !== 2 || deviceWord === undefined || offset === undefined) throw new Refusal(ERRNO.EINVAL);
  return { device: lowerDevice(deviceWord, context), offset };
}

const silent = (): string => '';

/** The target types whose tables can be loaded. */
export const TARGET_TYPES: ReadonlyMap<string, TargetConstructor> = new Map<string, TargetConstructor>([
  [
    'linear',
    (words, context) => {
      const lower = areaOf(words, context);
      const { version } = context;
      const number = deviceText(lower.device.number);
      const texts = {
        table: `${number} ${lower.offset}`,
        info: '',
        ima: `target_name=linear,target_version=${version},device_name=${number},start=${lower.offset};`,
      };
      return { text: (kind) => texts[kind], areas: [lower], lower };
    },
  ],
  [
    'zero',
    (words) => {
      if (words.length > 0) throw new Refusal(ERRNO.EINVAL);
      return { text: silent, areas: [] };
    },
  ],
  [
    // It takes anything and prints nothing back.
    'error',
    (words, context) => {
      const { errorTakesDevice } = context;
      const areas = errorTakesDevice && words.length === 2 ? [areaOf(words, context)] : [];
      return { text: silent, areas };
    },
  ],
]);
