/** The mirrors that the kernel has with logs of user space, as their tables say. */
import { encodeText } from '../../kernel/byte-text.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { DmError, DmParseError } from '../../mapper/errors.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { deviceText } from '../../targets/device.ts';
import { mirror } from '../../targets/mirror.ts';
import type { LogRecord } from '../ports.ts';

/** One line of a table that is a mirror with a log of user space. */
export interface MirrorLine {
  /** The mapped device that has it. */
  readonly number: DeviceNumber;
  readonly name: string;
  /** Whether the table is the live one, not one that waits for a resume. */
  readonly isLive: boolean;
  /** The log's uuid, in the characters of a `LogRecord`: one a byte. */
  readonly uuid: string;
  /** The constructor's words, as the kernel sends them. */
  readonly words: string;
  /** The legs, as the table names them: by number, as a rule. */
  readonly legs: readonly string[];
}

/** What of the library's DeviceMapper is needed. */
export type TableSource = Pick<DeviceMapper, 'list' | 'table'>;

/** All such lines of all devices. Tables are asked for, never statuses: those would be questions to the server. */
export async function findMirrors(dm: TableSource): Promise<MirrorLine[]> {
  const found: MirrorLine[] = [];
  for (const { name, number } of await dm.list()) {
    for (const isLive of [true, false]) {
      const table = await dm.table(number, { inactive: !isLive }).catch(unlessGone);
      for (const line of table) {
        const log = readMirrorLine(line);
        if (log !== undefined) found.push({ number, name, isLive, ...log });
      }
    }
  }
  return found;
}

function unlessGone(error: unknown): TableLine[] {
  if (error instanceof DmError && error.code === 'ENXIO') return [];
  throw error;
}

/** Reads a table's line; undefined when it has no log of user space. */
export function readMirrorLine({
  type,
  params,
  length,
}: TableLine): Pick<MirrorLine, 'uuid' | 'words' | 'legs'> | undefined {
  if (type !== mirror.type) return undefined;
  const values = parsed(params);
  if (values === undefined || !('userspace' in values.log) || values.log.userspace === undefined) return undefined;
  const { uuid, arguments: args } = values.log.userspace;
  // The server is not told of it: it is how the kernel's half of the log flushes.
  const sent = args[0] === 'integrated_flush' ? args.slice(1) : args;
  return {
    uuid: bytesAsText(uuid),
    words: bytesAsText([length.toString(), ...sent].join(' ')),
    legs: values.legs.map(({ device }) => deviceText(device)),
  };
}

/** Undefined for a log of a type that is not known here: it is none of ours. */
function parsed(params: string): ReturnType<typeof mirror.parse>['values'] | undefined {
  try {
    return mirror.parse(params).values;
  } catch (error) {
    if (error instanceof DmParseError) return undefined;
    throw error;
  }
}

function bytesAsText(text: string): string {
  return Buffer.from(encodeText(text)).toString('latin1');
}

/**
 * Which of a predecessor's records are of logs that the kernel still has. The kernel does not tell addresses, only how
 * many tables have a log of that uuid and these words; of more records than that the running ones are true, since a
 * table that was replaced or removed while no server listened has left its record behind.
 */
export function stillThere(records: readonly LogRecord[], lines: readonly MirrorLine[]): LogRecord[] {
  const places = new Map<string, number>();
  const key = ({ uuid, words }: Pick<LogRecord, 'uuid' | 'words'>): string => `${uuid} ${words}`;
  for (const line of lines) places.set(key(line), (places.get(key(line)) ?? 0) + 1);
  const newestFirst = records.toReversed();
  const runningFirst = [...newestFirst.filter((one) => one.isRunning), ...newestFirst.filter((one) => !one.isRunning)];
  return runningFirst.filter((record) => {
    const left = places.get(key(record)) ?? 0;
    places.set(key(record), left - 1);
    return left > 0;
  });
}
