export const frameType = { stdout: 1, stderr: 2, answer: 3 } as const;

export interface Frame {
  readonly type: number;
  readonly data: Buffer;
}

/** One byte of type, four of length, the data. */
export function encodeFrame(type: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(type);
  head.writeUInt32LE(data.length, 1);
  return Buffer.concat([head, data]);
}

/** Puts frames together again, however the stream was cut. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let text = Buffer.concat([this.#rest, chunk]);
    while (text.length >= 5) {
      const end = 5 + text.readUInt32LE(1);
      if (text.length < end) break;
      frames.push({ type: text.readUInt8(), data: text.subarray(5, end) });
      text = text.subarray(end);
    }
    this.#rest = text;
    return frames;
  }
}
