import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, type Frame, FrameReader, frameType } from '../../lab/frames.ts';

test('FrameReader puts frames together that come in single bytes', () => {
  const stream = Buffer.concat([
    encodeFrame(frameType.stdout, Buffer.from('out')),
    encodeFrame(frameType.stderr, Buffer.alloc(0)),
    encodeFrame(frameType.answer, Buffer.from([0, 255])),
  ]);
  const reader = new FrameReader();
  const frames: Frame[] = [...stream].flatMap((byte) => reader.push(Buffer.from([byte])));
  assert.deepEqual(frames, [
    { type: frameType.stdout, data: Buffer.from('out') },
    { type: frameType.stderr, data: Buffer.alloc(0) },
    { type: frameType.answer, data: Buffer.from([0, 255]) },
  ]);
  assert.equal(new FrameReader().push(stream).length, 3);
});
