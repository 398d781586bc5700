// Writes random blocks of a device past the page cache, each with its number and a version, until it is told to end by
// SIGTERM; then reads all of them back. Its last line is JSON: what it wrote, how long the longest write took, between
// which times of the clock the slow ones waited, what was not as written. Run as: node mirror-writer.js DEVICE BLOCKS
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { alignedMemory } from '../../src/system/libc.ts';

const BLOCK_BYTES = 4096;
/** Longer than a write of an emulated machine takes by itself. */
const SLOW_MS = 100;
const [, , device = '', count = '0'] = process.argv;
const blocks = Number(count);
const versions = new Uint32Array(blocks);
const buffer = alignedMemory(BLOCK_BYTES, BLOCK_BYTES);
const words = new Uint32Array(buffer.buffer, buffer.byteOffset, BLOCK_BYTES / 4);
let isOver = false;
process.on('SIGTERM', () => {
  isOver = true;
});

const file = await open(device, constants.O_RDWR | constants.O_DIRECT);
process.stdout.write('writing\n');
let writes = 0;
let longestMs = 0;
const slow: [number, number][] = [];
let errors = 0;
while (!isOver) {
  const block = Math.floor(Math.random() * blocks);
  const version = (versions[block] as number) + 1;
  words.fill(version);
  words[0] = block;
  const start = performance.now();
  try {
    await file.write(buffer, 0, BLOCK_BYTES, block * BLOCK_BYTES);
    versions[block] = version;
    writes++;
  } catch {
    errors++;
  }
  const end = performance.now();
  longestMs = Math.max(longestMs, end - start);
  if (end - start > SLOW_MS) slow.push([performance.timeOrigin + start, performance.timeOrigin + end]);
}
await file.close();

const fd = openSync(device, constants.O_RDONLY | constants.O_DIRECT);
let wrong = 0;
for (const [block, version] of versions.entries()) {
  if (version === 0) continue;
  readSync(fd, buffer, 0, BLOCK_BYTES, block * BLOCK_BYTES);
  if (words[0] !== block || words[1] !== version || words.at(-1) !== version) wrong++;
}
closeSync(fd);
process.stdout.write(`${JSON.stringify({ writes, longestMs: Math.round(longestMs), errors, wrong, slow })}\n`);
