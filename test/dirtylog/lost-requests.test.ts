import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeReply } from '../../src/dirtylog/protocol/kernel-side.ts';
import { askForLost } from '../../src/dirtylog/protocol/lost-requests.ts';

const EAGAIN = 11;

function numbersAskedFor(firstSeq: number): number[] {
  const numbers: number[] = [];
  askForLost(firstSeq, (bytes, length) => {
    const reply = decodeReply(bytes.slice(0, length));
    assert.ok(reply.kind === 'acknowledgement');
    assert.equal(reply.error, -EAGAIN);
    numbers.push(reply.seq);
  });
  return numbers;
}

test('askForLost() acknowledges the numbers before the first one with EAGAIN, and not that one', () => {
  const numbers = numbersAskedFor(1000);
  assert.equal(numbers.at(-1), 999);
  assert.equal(numbers.length, new Set(numbers).size);
  assert.ok(numbers.every((number) => number < 1000));
});

test('askForLost() goes round where the kernel’s 32 bits do', () => {
  assert.deepEqual(numbersAskedFor(2).slice(-4), [0xffff_fffe, 0xffff_ffff, 0, 1]);
});
