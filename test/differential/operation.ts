import { type DmCommand, DmIoctl, DmTargetMsg, DmTargetSpec } from '../../src/kernel/index.ts';

/** One target of a table that is loaded; `next` only where it is not the distance to the next one. */
export interface TargetLine {
  readonly start: bigint;
  readonly length: bigint;
  readonly type: string;
  readonly params: string;
  readonly next?: number;
}

/** An ioctl. Texts are strings of bytes; fields that are left out are zero. */
export interface IoctlOperation {
  readonly kind: 'ioctl';
  /** Which of the two control nodes. */
  readonly node: 0 | 1;
  readonly command: DmCommand;
  readonly version?: readonly [number, number, number];
  /** `data_size`, default the whole buffer. */
  readonly size?: number;
  readonly dataStart?: number;
  readonly flags?: number;
  readonly eventNr?: number;
  readonly targetCount?: number;
  readonly dev?: bigint;
  readonly name?: string;
  readonly uuid?: string;
  /** The payload: one of these. */
  readonly targets?: readonly TargetLine[];
  readonly text?: string;
  readonly message?: { readonly sector: bigint; readonly text: string };
}

/** What a test does to a kernel. Every operation stands for itself: any part of a sequence is a sequence. */
export type Operation =
  | IoctlOperation
  /** Whether the node has events to tell of. */
  | { readonly kind: 'poll'; readonly node: 0 | 1 }
  /** Closes the node and opens it anew. */
  | { readonly kind: 'reopen'; readonly node: 0 | 1 }
  /** Opens a device and keeps it open. */
  | { readonly kind: 'hold'; readonly minor: number }
  /** Closes the device that was opened first. */
  | { readonly kind: 'release' };

/** Bytes of every request's buffer. */
export const BUFFER_BYTES = 2048;

const align8 = (size: number): number => Math.ceil(size / 8) * 8;
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function targetBytes({ start, length, type, params, next }: TargetLine): Uint8Array {
  const size = align8(DmTargetSpec.size + params.length + 1);
  const bytes = new Uint8Array(size);
  const spec = DmTargetSpec.at(bytes);
  spec.sectorStart = start;
  spec.length = length;
  spec.next = next ?? size;
  bytes.set(latin1(type).subarray(0, 16), DmTargetSpec.offsets.targetType);
  bytes.set(latin1(params), DmTargetSpec.size);
  return bytes;
}

function payloadOf({ targets, text, message }: IoctlOperation): Uint8Array {
  if (targets !== undefined) return Buffer.concat(targets.map(targetBytes));
  if (text !== undefined) return latin1(`${text}\0`);
  if (message === undefined) return new Uint8Array(0);
  const bytes = new Uint8Array(DmTargetMsg.size + message.text.length + 1);
  DmTargetMsg.at(bytes).sector = message.sector;
  bytes.set(latin1(message.text), DmTargetMsg.size);
  return bytes;
}

/** The request's bytes; a name or uuid may fill its field without an end. */
export function requestBytes(operation: IoctlOperation): Uint8Array {
  const bytes = new Uint8Array(BUFFER_BYTES);
  const header = DmIoctl.at(bytes);
  const { version = [4, 0, 0], size = BUFFER_BYTES, dataStart = DmIoctl.size } = operation;
  header.version = version;
  header.dataSize = size;
  header.dataStart = dataStart;
  header.flags = operation.flags ?? 0;
  header.eventNr = operation.eventNr ?? 0;
  header.targetCount = operation.targetCount ?? operation.targets?.length ?? 0;
  header.dev = operation.dev ?? 0n;
  bytes.set(latin1(operation.name ?? '').subarray(0, 128), DmIoctl.offsets.name);
  bytes.set(latin1(operation.uuid ?? '').subarray(0, 129), DmIoctl.offsets.uuid);
  bytes.set(payloadOf(operation), DmIoctl.size);
  return bytes;
}
