import assert from 'node:assert/strict';
import test from 'node:test';
import { checkConformance } from '../../src/dirtylog/conformance/check.ts';
import { decodeReply } from '../../src/dirtylog/protocol/kernel-side.ts';
import { Harness } from './support.ts';

test('LogServer breaks nothing of the conformance kit', async () => {
  const results = await checkConformance(new Harness());
  assert.deepEqual(
    results.filter(({ breach }) => breach !== undefined),
    [],
  );
});

test('checkConformance() names what a server breaks', async () => {
  const harness = new Harness();
  const results = await checkConformance({
    // It says of every log that it is unknown by -EINVAL, as cmirrord does.
    async exchange(datagram) {
      const sent = await harness.exchange(datagram);
      return sent.map((bytes) => {
        const reply = decodeReply(bytes);
        if (reply.kind !== 'reply' || reply.error !== -3) return bytes;
        const changed = bytes.slice();
        new DataView(changed.buffer).setInt32(180, -22, true);
        return changed;
      });
    },
  });
  assert.deepEqual(
    results.filter(({ breach }) => breach !== undefined).map(({ name, breach }) => [name, breach]),
    [
      [
        'requests for an unknown log are answered with -ESRCH and data of full size',
        'IN_SYNC is answered with error -22',
      ],
    ],
  );
});

test('checkConformance() goes on when a server answers nothing', async () => {
  const results = await checkConformance({ exchange: async () => [] });
  assert.ok(results.every(({ breach }) => breach !== undefined));
});
