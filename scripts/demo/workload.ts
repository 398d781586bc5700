/**
 * The demo's program: a thread that reads and writes the file with calls that wait, and keeps account of each sector that
 * it had the device move. Nothing here knows of statistics: it is what they are held against.
 */
import { spawnSync } from 'node:child_process';
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

const { path, fillerPath, shared } = workerData as WorkloadData;
const control = new Int32Array(shared.control);
const sectorsDone = new BigInt64Array(shared.sectorsDone);

const direct = openSync(path, constants.O_RDWR | constants.O_DIRECT);
const buffered = openSync(path, 'r+');
const filler = openSync(fillerPath, 'r+');
const LARGEST = 128 * 1024;
const memory = alignedBuffer(LARGEST);
const FIRST_BYTES = FIRST_EXTENTS * FIRST_EXTENT_BYTES;
let reads = 0;
/** Where written data that may be overwritten ends. */
let writtenTo = FIRST_BYTES;

/** O_DIRECT wants aligned memory. JavaScript does not tell where a buffer lies; the kernel's EINVAL does. */
function alignedBuffer(length: number): Buffer {
  const room = Buffer.alloc(length + 4096, 0x5a);
  for (let offset = 0; offset < 4096; offset += 8) {
    const candidate = room.subarray(offset, offset + length);
    try {
      readSync(direct, candidate, 0, 4096, 0);
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
  const bytes = readSync(direct, memory, 0, READ_BYTES, randomBlock(offset, offset + length, READ_BYTES));
  sectorsDone[1] = (sectorsDone[1] ?? 0n) + BigInt(bytes / 512);
}

const wrote = (sectors: number): void => {
  sectorsDone[0] = (sectorsDone[0] ?? 0n) + BigInt(sectors);
};

function writeDirect(offset: number, length: number): void {
  writeSync(direct, memory, 0, length, offset);
  wrote(length / 512);
}

function allocate(fd: number, target: string, length: number): void {
  const { size } = fstatSync(fd);
  const { status, stderr } = spawnSync('fallocate', ['-o', `${size}`, '-l', `${length}`, target]);
  if (status !== 0) throw new Error(`fallocate: ${stderr}`);
}

const writers: Record<Phase['name'], (phase: Phase, elapsedMs: number) => void> = {
  append({ block }) {
    const { size } = fstatSync(direct);
    writeDirect(size, block);
    writtenTo = size + block;
  },
  allocate({ block, ms }, elapsedMs) {
    const due = Math.floor((elapsedMs / ms) * ALLOCATE_TIMES) + 1;
    const { size } = fstatSync(direct);
    if (size < writtenTo + due * ALLOCATE_BYTES) {
      // Another file of the volume grows too: the next extent lies elsewhere.
      allocate(filler, fillerPath, ALLOCATE_BYTES / 2);
      allocate(direct, path, ALLOCATE_BYTES);
      return;
    }
    writeDirect(randomBlock(size - ALLOCATE_BYTES, size, block), block);
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
for (const fd of [direct, buffered, filler]) closeSync(fd);
