import assert from 'node:assert/strict';
import test from 'node:test';
import { Datagram } from '../../src/dirtylog/protocol/datagram.ts';
import { decodeReply, encodeRequest } from '../../src/dirtylog/protocol/kernel-side.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const zeros = (count: number): string => '00'.repeat(count);

// IN_SYNC of region 5, by hand from the layout: nlmsghdr, cn_msg, luid, uuid "ab", version 3, error, seq, type, size, data.
const IN_SYNC = hex(
  `cc000000 0300 0000 2a000000 00000000
   07000000 01000000 2a000000 00000000 a800 0000
   0045230180f8ffff 6162 ${zeros(127)} ${zeros(3)} 03000000 00000000 2a000000 08000000 08000000
   0500000000000000`,
);

function decoded(bytes: Uint8Array, length = bytes.length): { datagram: Datagram; verdict: string } {
  const datagram = new Datagram();
  datagram.bytes.set(bytes);
  return { datagram, verdict: datagram.decode(length) };
}

test('Datagram.decode() reads a request at the offsets of the header', () => {
  const { datagram, verdict } = decoded(IN_SYNC);
  assert.equal(verdict, 'request');
  assert.equal(datagram.type, 8);
  assert.equal(datagram.seq, 42);
  assert.equal(datagram.uuid, 'ab');
  assert.equal(datagram.luid, 0xfffff88001234500n);
  assert.equal(datagram.region(0), 5);
});

test('Datagram.replyNumber() answers in place, everything but error, lengths and payload unchanged', () => {
  const { datagram } = decoded(IN_SYNC);
  const length = datagram.replyNumber(1);
  const expected = IN_SYNC.slice();
  expected[196] = 1;
  assert.deepEqual(datagram.bytes.slice(0, length), expected);
});

test('Datagram.reply() carries no payload: the kernel has no room for one', () => {
  const { datagram } = decoded(IN_SYNC);
  assert.equal(datagram.reply(), 196);
  assert.equal(datagram.bytes[0], 196);
  assert.equal(datagram.bytes[32], 160);
  assert.equal(datagram.bytes[192], 0);
});

test('Datagram.replyError() has the error negative and a payload as large as that of a good reply', () => {
  const { datagram } = decoded(IN_SYNC);
  const reply = decodeReply(datagram.bytes.slice(0, datagram.replyError(3)));
  assert.deepEqual(reply, { kind: 'reply', seq: 42, error: -3, data: new Uint8Array(8) });
});

test('Datagram.acknowledge() is 36 bytes with the error positive in cn_msg.ack', () => {
  const { datagram } = decoded(IN_SYNC);
  const length = datagram.acknowledge(11);
  assert.deepEqual(
    datagram.bytes.slice(0, length),
    hex('24000000 0300 0000 2a000000 00000000 07000000 01000000 2a000000 0b000000 0000 0000'),
  );
  assert.deepEqual(decodeReply(datagram.bytes.slice(0, length)), { kind: 'acknowledgement', seq: 42, error: -11 });
});

test('Datagram.decode() takes the padding that a receive call counts', () => {
  // A constructor of 33 bytes: nlmsg_len 229, and recv says 232.
  const words = new TextEncoder().encode('131072 clustered-core 1024 nosync');
  const bytes = encodeRequest({ type: 'CTR', luid: 1n, uuid: 'u', seq: 1, data: words });
  assert.equal(bytes.length, 229);
  const { datagram, verdict } = decoded(bytes, 232);
  assert.equal(verdict, 'request');
  assert.equal(datagram.text(), '131072 clustered-core 1024 nosync');
  assert.equal(datagram.endsWithNul(), false);
});

test('Datagram.region() keeps a region beyond 2^53 beyond any log', () => {
  const bytes = IN_SYNC.slice();
  bytes.fill(0xff, 196, 204);
  assert.ok(decoded(bytes).datagram.region(0) >= 2 ** 53);
});

test('Datagram.decode() passes over what is not for device-mapper', () => {
  const bytes = IN_SYNC.slice();
  bytes[16] = 1;
  assert.equal(decoded(bytes).verdict, 'foreign');
});

test('Datagram.decode() refuses broken datagrams and says what is wrong', () => {
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = IN_SYNC.slice();
    bytes[at] = value;
    return bytes;
  };
  const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
    [IN_SYNC, 20, /20 bytes are less than a connector message's 36/],
    [IN_SYNC, 100, /100 bytes are less than a dirty-log request's 196/],
    [IN_SYNC, 200, /do not hold 8 of data/],
    [changed(32, 160), 204, /cn_msg.len is 160, with 8 bytes/],
    [changed(0, 196), 204, /nlmsg_len 196 and 204 received/],
    [changed(44, 0), 204, /the uuid is empty or does not end/],
    [changed(188, 13), 204, /SET_REGION_SYNC with 8 bytes of data instead of 16/],
  ];
  for (const [bytes, length, fault] of cases) {
    const { datagram, verdict } = decoded(bytes, length);
    assert.equal(verdict, 'malformed');
    assert.match(datagram.fault, fault);
  }
  const endless = IN_SYNC.slice();
  endless.fill(0x61, 44, 44 + 129);
  assert.equal(decoded(endless).verdict, 'malformed');
  assert.equal(decoded(changed(188, 18)).verdict, 'unknownType');
});

test('Datagram.isResendOf() looks at everything but the sequence number', () => {
  const { datagram } = decoded(IN_SYNC);
  const resent = IN_SYNC.slice();
  for (const at of [8, 24, 184]) resent[at] = 43;
  assert.equal(decoded(resent).datagram.isResendOf(datagram), true);
  for (const at of [36, 44, 196]) {
    const other = resent.slice();
    other[at] = 0x63;
    assert.equal(decoded(other).datagram.isResendOf(datagram), false);
  }
});
