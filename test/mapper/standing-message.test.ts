import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS, DmIoctl, ERRNO } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError, UsageError } from '../../src/mapper/errors.ts';
import { FakeNode, type Respond } from './recording-node.ts';

/** Writes an answer as the kernel does: the text and a NUL, or only that it does not fit. */
const answering =
  (textOf: () => string): Respond =>
  (_command, bytes, header) => {
    const text = Buffer.from(`${textOf()}\0`);
    const { dataStart } = header;
    header.flags |= DM_FLAGS.DATA_OUT;
    if (dataStart + text.length > bytes.length) header.flags |= DM_FLAGS.BUFFER_FULL;
    else {
      bytes.set(text, dataStart);
      header.dataSize = dataStart + text.length;
    }
    return undefined;
  };

const asText = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString();

test('StandingMessage.send() sends each time the bytes that message() sends, whatever the answer left there', async () => {
  const node = new FakeNode(answering(() => '0+8 1 2\n'));
  const dm = new DeviceMapper(node);
  for (const ref of [{ name: 'vg-data' }, { uuid: 'LVM-x' }, { major: 253, minor: 300 }]) {
    node.requests.length = 0;
    await dm.message(ref, '@stats_print 17');
    const standing = dm.standingMessage(ref, '@stats_print 17');
    assert.equal(standing.send(asText), '0+8 1 2\n');
    assert.equal(standing.send(asText), '0+8 1 2\n');
    const [once, first, second] = node.requests;
    const length = DmIoctl.size + 32;
    assert.deepEqual(first?.sent.subarray(0, length), once?.sent.subarray(0, length));
    assert.deepEqual(second?.sent.subarray(0, length), once?.sent.subarray(0, length));
    assert.equal(first?.sent.length, once?.sent.length);
  }
});

test('StandingMessage.send() asks again with more room until the answer fits', () => {
  const long = 'x'.repeat(20_000);
  const node = new FakeNode(answering(() => long));
  const standing = new DeviceMapper(node).standingMessage({ name: 'd' }, '@stats_print 0');
  assert.equal(standing.send(asText), long);
  const sizes = node.requests.map(({ sent }) => sent.length - DmIoctl.size);
  assert.deepEqual(sizes, [4096, 16_384, 65_536]);
  // The room stays.
  standing.send(asText);
  assert.equal(node.requests.length, 4);
});

test('StandingMessage.send() gives no bytes where there is no answer, and says who refused what', () => {
  let errno: number | undefined;
  const dm = new DeviceMapper(new FakeNode(() => errno));
  const standing = dm.standingMessage({ name: 'd' }, '@stats_print 0');
  assert.equal(standing.send(asText), '');
  errno = ERRNO.ENXIO;
  assert.throws(
    () => standing.send(asText),
    (error) => DmError.is(error, 'ENXIO') && /DM_TARGET_MSG.*d.*no such device/.test(error.message),
  );
  assert.throws(() => dm.standingMessage({ name: 'd'.repeat(128) }, '@stats_print 0'), UsageError);
});
