import { DM_FLAGS, DmIoctl, decodeDeviceNumber } from '../../src/kernel/index.ts';

function fieldText(bytes: Uint8Array, offset: number, size: number): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  return JSON.stringify(Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('latin1'));
}

/** Flags by name, what has none as a number. */
function flagText(flags: number): string {
  const words: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(DM_FLAGS)) {
    if ((rest & bit) === 0) continue;
    words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(`0x${(rest >>> 0).toString(16)}`);
  return words.join('|');
}

/** Bytes for the eye: what is ASCII as it is, runs of zeros counted. */
function payloadText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x20 && byte < 0x7f) {
      text += String.fromCharCode(byte);
      continue;
    }
    let run = 1;
    while (bytes[at + run] === byte) run++;
    text += run > 2 ? `<${byte.toString(16)}*${run}>` : `<${byte.toString(16)}>`.repeat(run);
    at += run - 1;
  }
  return text;
}

/** Where a pool holds a snapshot of its metadata: a block that the kernel happens to have free. */
const HELD_ROOT = /(?<=thin-pool<0\*7>\d+<20>\d+\/\d+<20>\d+\/\d+<20>)\d+(?=<20>)/g;

/**
 * An ioctl's answer as text, all that is to be equal on both sides: the errno, the header's fields, name and uuid as
 * far as their ends (behind them the kernel leaves what was there, or zeros), and the whole rest of the buffer.
 * Numbers need no translation: both kernels begin empty, so minors and event numbers count alike.
 */
export function answerText(outcome: string, bytes: Uint8Array): string {
  const { version, dataSize, dataStart, targetCount, openCount, flags, eventNr, padding, dev } = DmIoctl.at(bytes);
  const { major, minor } = decodeDeviceNumber(dev);
  const { offsets } = DmIoctl;
  return [
    `${outcome} ${version.join('.')} size=${dataSize} start=${dataStart} targets=${targetCount} open=${openCount}`,
    `event=${eventNr} padding=${padding} dev=${major}:${minor}/${dev >> 32n} flags=${flagText(flags)}`,
    `name=${fieldText(bytes, offsets.name, 128)} uuid=${fieldText(bytes, offsets.uuid, 129)}`,
    `payload=${payloadText(bytes.subarray(offsets.data)).replace(HELD_ROOT, 'held')}`,
  ].join(' ');
}
