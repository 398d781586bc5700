import type { DeviceInfo } from '../../mapper/device-info.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { BlockNumber } from '../../system/block-devices.ts';
import type { Options } from '../command-line.ts';
import type { Context } from './context.ts';

/** How many sectors to read ahead; `atLeast`: unless the kernel reads more. */
export interface ReadAhead {
  readonly sectors: number;
  readonly atLeast: boolean;
}

/** What `--readahead` asks for; undefined to leave it to the kernel. @throws UsageError for what is none */
export function readAheadOf(options: Options): ReadAhead | undefined {
  const text = options.text('readahead') ?? 'auto';
  if (text === 'auto') return undefined;
  if (text === 'none') return { sectors: 0, atLeast: false };
  const [, plus, digits] = /^(\+?)(\d{1,9})$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new UsageError(`Invalid --readahead argument "${text}": sectors, +sectors, auto or none`);
  }
  return { sectors: Number(digits), atLeast: plus === '+' };
}

/** Sets what a device with a live table reads ahead. */
export function applyReadAhead(context: Context, { number, active }: DeviceInfo): void {
  const wanted = readAheadOf(context.options);
  if (wanted === undefined || !active) return;
  const key: BlockNumber = `${number.major}:${number.minor}`;
  const now = context.blockDevices.readAheadSectors(key) ?? 0;
  if (wanted.atLeast && now >= wanted.sectors) return;
  context.setReadAhead(number, wanted.sectors);
}
