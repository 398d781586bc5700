/**
 * The demo's program: a thread that reads and writes the file with calls that wait, and keeps account of each sector that
 * it had the device move. Nothing here knows of statistics: it is what they are held against.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  ALLOCATE_BYTES,
  ALLOCATE_TIMES,
  COLD_READ_EVERY,
  FIRST_EXTENT_BYTES,
  FIRST_EXTENTS,
  HOT_SPOT,
  PHASES,
  type Phase,
  READ_BYTES,
  READS_PER_TICK,
  sectorsOfPages,
  TICK_MS,
} from './phases.ts';
import { CONTROL, type WorkloadData } from './writer.ts';

const { path, shared } = workerData as WorkloadData;
const control = new Int32Array(shared.control);
const sectorsDone = new BigInt64Array(shared.sectorsDone);

const direct = openSync(path, constants.O_RDWR | constants.O_DIRECT);
const buffered = openSync(path, 'r+');
const LARGEST = 128 * 1024;
const memory = alignedBuffer(LARGEST);
const FIRST_BYTES = FIRST_EXTENTS * FIRST_EXTENT_BYTES;
let reads = 0;
/** Where written data that may be overwritten ends. */
let writtenTo = FIRST_BYTES;

function countRead(bytes: number): void {
  sectorsDone[1] = (sectorsDone[1] ?? 0n) + BigInt(bytes / 512);
}

/** O_DIRECT wants aligned memory. JavaScript does not tell where a buffer lies; the kernel's EINVAL does. */
function alignedBuffer(length: number): Buffer {
  const room = Buffer.alloc(length + 4096, 0x5a);
  for (let offset = 0; offset < 4096; offset += 8) {
    const candidate = room.subarray(offset, offset + length);
    try {
      countRead(readSync(direct, candidate, 0, READ_BYTES, 0));
      return candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    }
  }
  throw new Error('no memory that the kernel takes for O_DIRECT');
}

const sleep = (ms: number): unknown => Atomics.wait(control, CONTROL.never, 0, Math.max(0, ms));
const isStopped = (): boolean => Atomics.load(control, CONTROL.stop) !== 0;
const randomBlock = (from: number, to: number, block: number): number =>
  from + Math.floor(Math.random() * Math.max(1, Math.floor((to - from) / block))) * block;

/** Rests while the observer reads the counters: only then do both accounts speak of the same moment. */
function restWhenAsked(): void {
  if (Atomics.load(control, CONTROL.pause) === 0) return;
  parentPort?.postMessage({ type: 'paused' });
  Atomics.wait(control, CONTROL.pause, 1);
}

function readOnce(): void {
  const isCold = reads++ % COLD_READ_EVERY === 0;
  const { offset, length } = isCold ? { offset: 0, length: FIRST_BYTES } : HOT_SPOT;
  countRead(readSync(direct, memory, 0, READ_BYTES, randomBlock(offset, offset + length, READ_BYTES)));
}

const wrote = (sectors: number): void => {
  sectorsDone[0] = (sectorsDone[0] ?? 0n) + BigInt(sectors);
};

function writeDirect(offset: number, length: number): void {
  writeSync(direct, memory, 0, length, offset);
  wrote(length / 512);
}

let allocationsAsked = 0;

const writers: Record<Phase['name'], (phase: Phase, elapsedMs: number) => void> = {
  append({ block }) {
    const { size } = fstatSync(direct);
    writeDirect(size, block);
    writtenTo = size + block;
  },
  allocate({ block, ms }, elapsedMs) {
    if (allocationsAsked <= (elapsedMs / ms) * ALLOCATE_TIMES && allocationsAsked < ALLOCATE_TIMES) {
      allocationsAsked++;
      // Node has no fallocate; the command's start must not keep this thread from its work.
      parentPort?.postMessage({ type: 'allocate' });
    }
    const { size } = fstatSync(direct);
    if (size > writtenTo) writeDirect(randomBlock(size - ALLOCATE_BYTES, size, block), block);
  },
  records({ block }) {
    const { size } = fstatSync(buffered);
    writeSync(buffered, memory, 0, block, size);
    fsyncSync(buffered);
    wrote(sectorsOfPages(size, block));
  },
  steady({ block }) {
    writeDirect(randomBlock(FIRST_BYTES, writtenTo, block), block);
  },
};

function work(phase: Phase): void {
  parentPort?.postMessage({ type: 'phase', name: phase.name });
  const start = performance.now();
  for (let tick = 0; performance.now() - start < phase.ms && !isStopped(); tick++) {
    const began = performance.now();
    for (let read = 0; read < READS_PER_TICK; read++) readOnce();
    if (tick % phase.everyTicks === 0) writers[phase.name](phase, performance.now() - start);
    restWhenAsked();
    sleep(TICK_MS - (performance.now() - began));
  }
}

for (const phase of PHASES) work(phase);
for (const fd of [direct, buffered]) closeSync(fd);
