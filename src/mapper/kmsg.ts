import { decodeText } from '../kernel/byte-text.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmParseError } from './errors.ts';

/** One record of the kernel's log. Source: Documentation/ABI/testing/dev-kmsg. */
export interface KmsgRecord {
  /** 0 (emergency) to 7 (debug). */
  readonly level: number;
  /** 0 for the kernel itself. */
  readonly facility: number;
  readonly sequence: bigint;
  /** Microseconds since boot, of a clock that stops while the machine sleeps. */
  readonly timestampUs: bigint;
  readonly message: string;
  /** What drivers add, such as `SUBSYSTEM` and `DEVICE`. */
  readonly fields: ReadonlyMap<string, string>;
}

const HEAD = /^(\d+),(\d+),(\d+),[^;\n]*;/;

/** The kernel writes a byte that is not printable, and the backslash, as `\xNN`. */
function plainText(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeText(Buffer.from(plain, 'latin1'));
}

/**
 * Reads one record as a read(2) of `/dev/kmsg` gives it.
 *
 * @throws DmParseError when it does not begin with priority, sequence and time
 */
export function parseKmsgRecord(text: string): KmsgRecord {
  const head = HEAD.exec(text);
  if (head === null) throw new DmParseError('expected "priority,sequence,time,flags;" of a log record', text, 1);
  const [all, priority = '', sequence = '', time = ''] = head;
  const [message = '', ...rest] = text.slice(all.length).split('\n');
  const fields = new Map<string, string>();
  for (const line of rest) {
    const equals = line.indexOf('=');
    if (line.startsWith(' ') && equals > 0) fields.set(line.slice(1, equals), plainText(line.slice(equals + 1)));
  }
  return {
    level: Number(priority) & 7,
    facility: Number(priority) >> 3,
    sequence: BigInt(sequence),
    timestampUs: BigInt(time),
    message: plainText(message),
    fields,
  };
}

const WARNING = 4;
const SUBJECT = /^device-mapper: [\w-]+: (?:(\d+:\d+)|dm-(\d+)): (.*?)(?: \(-E[A-Z0-9]+\))?$/s;

/**
 * What the kernel complained of a device, all of it on one line. Device-mapper begins its complaints with the device's
 * number, never with its name, which could be any word (include/linux/device-mapper.h, `DMERR`; `dm_device_name`).
 */
export function complaint(records: readonly KmsgRecord[], { major, minor }: DeviceNumber): string | undefined {
  const texts: string[] = [];
  for (const { level, facility, message } of records) {
    if (facility !== 0 || level > WARNING) continue;
    const [, number, dmMinor, text = ''] = SUBJECT.exec(message) ?? [];
    if (number === `${major}:${minor}` || dmMinor === `${minor}`) texts.push(text);
  }
  return texts.length === 0 ? undefined : texts.join('; ');
}
