import { readFileSync } from 'node:fs';
import {
  DM_FLAGS,
  type DmCommand,
  DmIoctl,
  DmTargetMsg,
  DmTargetSpec,
  decodeDeviceNumber,
} from '../../src/kernel/index.ts';
import { type SimulatedControlNode, SimulatedKernel } from '../../src/simulator/index.ts';

/** A captured output of a real kernel. */
export function golden(name: string): string[] {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url), 'utf8').split('\n');
}

const SHORT: Readonly<Record<string, string>> = {
  READONLY: 'RO',
  PERSISTENT_DEV: 'PERSIST',
  STATUS_TABLE: 'STABLE',
  ACTIVE_PRESENT: 'ACTIVE',
  INACTIVE_PRESENT: 'INACT',
  BUFFER_FULL: 'BUFFULL',
  SKIP_BDGET: 'SKIPBD',
  SKIP_LOCKFS: 'SKIPLOCK',
  QUERY_INACTIVE_TABLE: 'QINACT',
  UEVENT_GENERATED: 'UEVENT',
  SECURE_DATA: 'SECURE',
  DATA_OUT: 'DATAOUT',
  DEFERRED_REMOVE: 'DEFER',
  IMA_MEASUREMENT: 'IMA',
};

/** Flags as the captures write them. */
export function flagText(flags: number): string {
  const words: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(DM_FLAGS)) {
    if ((flags & bit) === 0) continue;
    words.push(SHORT[name] ?? name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  return words.join('|');
}

export interface Ask {
  readonly name?: string;
  readonly uuid?: string;
  readonly dev?: bigint;
  readonly flags?: number;
  readonly eventNr?: number;
  readonly targetCount?: number;
  readonly version?: readonly [number, number, number];
  readonly payload?: Uint8Array;
  /** `data_size`, default that of the captures. */
  readonly size?: number;
  readonly dataStart?: number;
}

/** A request as the captures' probe made it. */
export function requestBytes(ask: Ask): Uint8Array {
  const bytes = new Uint8Array(Math.max(ask.size ?? 0, 16384));
  const header = DmIoctl.at(bytes);
  header.version = ask.version ?? [4, 0, 0];
  header.dataSize = ask.size ?? 16384;
  header.dataStart = ask.dataStart ?? DmIoctl.size;
  // Bytes, and as many as the fields hold: also what has no end.
  bytes.set(Buffer.from(ask.name ?? '', 'latin1').subarray(0, 128), DmIoctl.offsets.name);
  bytes.set(Buffer.from(ask.uuid ?? '', 'latin1').subarray(0, 129), DmIoctl.offsets.uuid);
  header.dev = ask.dev ?? 0n;
  header.flags = ask.flags ?? 0;
  header.eventNr = ask.eventNr ?? 0;
  header.targetCount = ask.targetCount ?? 0;
  bytes.set(ask.payload ?? new Uint8Array(0), DmIoctl.size);
  return bytes;
}

export function messagePayload(text: string): Uint8Array {
  const encoded = Buffer.from(text, 'latin1');
  const payload = new Uint8Array(DmTargetMsg.size + encoded.length + 1);
  payload.set(encoded, DmTargetMsg.size);
  return payload;
}

export type Line = readonly [start: bigint, length: bigint, type: string, params: string, next?: number];

/** The payload of a table load. */
export function tablePayload(lines: readonly Line[]): Uint8Array {
  return Buffer.concat(
    lines.map(([start, length, type, params, next]) => {
      const size = Math.ceil((DmTargetSpec.size + params.length + 1) / 8) * 8;
      const record = new Uint8Array(size);
      const spec = DmTargetSpec.at(record);
      spec.sectorStart = start;
      spec.length = length;
      spec.next = next ?? size;
      record.set(Buffer.from(type).subarray(0, 16), DmTargetSpec.offsets.targetType);
      record.set(Buffer.from(params), DmTargetSpec.size);
      return record;
    }),
  );
}

function fieldText(bytes: Uint8Array, offset: number): string {
  const text = Buffer.from(bytes.subarray(offset, bytes.indexOf(0, offset))).toString('latin1');
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** An answer's header as the captures write it. */
export function headerText(bytes: Uint8Array): string {
  const { flags, eventNr, targetCount, openCount, dev, dataSize, dataStart } = DmIoctl.at(bytes);
  const { major, minor } = decodeDeviceNumber(dev);
  const { offsets } = DmIoctl;
  return (
    `rc=0 fl=${flagText(flags)} ev=${eventNr} tc=${targetCount} open=${openCount} dev=${major}:${minor}` +
    ` name='${fieldText(bytes, offsets.name)}' uuid='${fieldText(bytes, offsets.uuid)}'` +
    ` dsize=${dataSize} dstart=${dataStart}`
  );
}

/** Makes a request and writes the answer as the captures do: the errno's name, or the header. */
export function probe(node: SimulatedControlNode, command: DmCommand, ask: Ask): { text: string; bytes: Uint8Array } {
  const bytes = requestBytes(ask);
  try {
    node.ioctl(command, bytes);
  } catch (error) {
    return { text: (error as { code: string }).code, bytes };
  }
  return { text: headerText(bytes), bytes };
}

/** A kernel with one device `d` of 1 GiB, unless said otherwise. */
export function oneDevice(options: ConstructorParameters<typeof SimulatedKernel>[0] = {}, sectors = 2 ** 21) {
  const kernel = new SimulatedKernel(options);
  const device = kernel.addDevice('d', { sectors });
  return { kernel, device, clock: kernel.clock };
}
