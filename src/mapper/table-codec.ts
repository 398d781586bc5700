import { decodeText, encodeText } from '../kernel/byte-text.ts';
import { type DeviceNumber, DmTargetDeps, DmTargetSpec, decodeDeviceNumber, u64 } from '../kernel/index.ts';
import { type Answer, alignUp8 } from './request.ts';
import type { TableLine } from './table-line.ts';
import { sectors } from './units.ts';

/** The payload of `DM_TABLE_LOAD`: a record for each line, of its own length, 8-byte aligned. */
export function encodeTable(table: readonly TableLine[]): Uint8Array {
  const params = table.map((line) => encodeText(line.params));
  const sizes = params.map((text) => alignUp8(DmTargetSpec.size + text.length + 1));
  const payload = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [index, line] of table.entries()) {
    const [text = new Uint8Array(0), size = 0] = [params[index], sizes[index]];
    const spec = DmTargetSpec.at(payload, at);
    spec.sectorStart = line.start;
    spec.length = line.length;
    spec.targetType = line.type;
    spec.next = size;
    payload.set(text, at + DmTargetSpec.size);
    // There may be keys in it.
    text.fill(0);
    at += size;
  }
  return payload;
}

/** The lines of an answer to `DM_TABLE_STATUS`. Here a record's `next` counts from the first record on. */
export function decodeTable({ header, bytes }: Answer): TableLine[] {
  const lines: TableLine[] = [];
  const { dataStart, dataSize, targetCount } = header;
  // A device without the table that was asked for has no payload at all.
  if (dataSize <= dataStart) return lines;
  let at = dataStart;
  for (let index = 0; index < targetCount; index++) {
    const spec = DmTargetSpec.at(bytes, at);
    const textStart = at + DmTargetSpec.size;
    lines.push({
      start: sectors(spec.sectorStart),
      length: sectors(spec.length),
      type: spec.targetType,
      params: decodeText(bytes.subarray(textStart, bytes.indexOf(0, textStart))),
    });
    at = dataStart + spec.next;
  }
  return lines;
}

/** The devices of an answer to `DM_TABLE_DEPS`. */
export function decodeDependencies({ header, bytes }: Answer): DeviceNumber[] {
  const { dataStart, dataSize } = header;
  if (dataSize <= dataStart) return [];
  const { count } = DmTargetDeps.at(bytes, dataStart);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = dataStart + DmTargetDeps.size;
  return Array.from({ length: count }, (_, index) => decodeDeviceNumber(u64.get(view, first + index * u64.size)));
}
