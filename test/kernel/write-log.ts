/** Reads what dm-log-writes has logged: all writes, each behind those that a flush had made durable before it. */
import { closeSync, openSync, readSync } from 'node:fs';

/** `WRITE_LOG_MAGIC` and the flags, of drivers/md/dm-log-writes.c. */
const MAGIC = 0x6a736677736872n;
const DISCARD = 4n;
const MARK = 8n;

/** One entry: data at a place; of a flush alone there is none. */
export interface LoggedWrite {
  /** Bytes from the device's beginning. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** @throws Error when the device holds no such log, or discards, which the tests do not do */
export function* readWriteLog(device: string): Generator<LoggedWrite> {
  const fd = openSync(device, 'r');
  try {
    const superBlock = readAt(fd, 0, 512);
    if (superBlock.getBigUint64(0, true) !== MAGIC) throw new Error(`${device} holds no log of writes`);
    const entries = Number(superBlock.getBigUint64(16, true));
    const sectorBytes = superBlock.getUint32(24, true);
    let at = sectorBytes;
    for (let index = 0; index < entries; index++) {
      const entry = readAt(fd, at, sectorBytes);
      at += sectorBytes;
      const flags = entry.getBigUint64(16, true);
      if ((flags & DISCARD) !== 0n) throw new Error(`${device} has logged a discard`);
      const bytes = (flags & MARK) !== 0n ? 0 : Number(entry.getBigUint64(8, true)) * sectorBytes;
      const data = readAt(fd, at, bytes);
      at += bytes;
      yield {
        offset: Number(entry.getBigUint64(0, true)) * sectorBytes,
        data: new Uint8Array(data.buffer),
      };
    }
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) throw new Error(`the log of writes ends at byte ${position + done}`);
    done += count;
  }
  return new DataView(bytes.buffer);
}
