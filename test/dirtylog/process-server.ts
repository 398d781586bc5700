/**
 * A server for `ProcessServer`: the package's own, with files as log devices and nothing in /run. With the word "broken" it
 * knows no -ESRCH, with "late" it answers before it has written.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { BlockStore } from '../../src/dirtylog/block-store.ts';
import { decodeReply } from '../../src/dirtylog/protocol/kernel-side.ts';
import { inOrder } from '../../src/dirtylog/resync.ts';
import { LogServer } from '../../src/dirtylog/server.ts';

const isBroken = process.argv.includes('broken');
const isLate = process.argv.includes('late');
const LATE_MS = 50;
const padded = (length: number): number => Math.ceil(length / 4) * 4;

function fileStore(path: string): BlockStore {
  const fd = openSync(path, 'r+');
  return {
    size: fstatSync(fd).size,
    sectorBytes: 512,
    label: path,
    read: async (offset, into) => void readSync(fd, into, 0, into.length, offset),
    write: (offset, bytes, done) => {
      const written = bytes.slice();
      const write = (): number => writeSync(fd, written, 0, written.length, offset);
      if (isLate) setTimeout(write, LATE_MS);
      else write();
      done(undefined);
    },
    sync: (done) => {
      fdatasyncSync(fd);
      done(undefined);
    },
    // What is late is written still.
    close: () => void setTimeout(() => closeSync(fd), 2 * LATE_MS),
  };
}

const server = new LogServer({
  send(bytes, length) {
    const read = decodeReply(bytes.slice(0, length));
    const reply = new Uint8Array(padded(length));
    reply.set(bytes.subarray(0, length));
    if (isBroken && read.kind === 'reply' && read.error === -3) new DataView(reply.buffer).setInt32(180, -22, true);
    process.stdout.write(reply);
  },
  event: () => {},
  poke: () => {},
  persist: () => {},
  openDevice: async (name) => fileStore(name),
  openRun: async () => undefined,
  resyncPolicy: () => inOrder,
  syncLegs: async () => {},
  now: () => performance.now(),
  minuteOfDay: () => 0,
  pause: async () => {},
});
setInterval(() => server.tick(), 1000).unref();

let rest: Uint8Array = new Uint8Array(0);
for await (const chunk of process.stdin) {
  rest = new Uint8Array(Buffer.concat([rest, chunk]));
  while (rest.length >= 4) {
    const length = new DataView(rest.buffer).getUint32(0, true);
    if (rest.length < padded(length)) break;
    server.incoming.bytes.set(rest.subarray(0, length));
    server.receive(length);
    rest = rest.slice(padded(length));
  }
}
