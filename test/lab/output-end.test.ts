import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OutputEnd } from '../../lab/output-end.ts';

test('OutputEnd holds back only what may begin the mark', () => {
  const end = new OutputEnd('MARK');
  assert.equal(end.push(Buffer.from('50 %')).output.toString(), '50 %');
  assert.equal(end.push(Buffer.from('xMA')).output.toString(), 'x');
  assert.equal(end.push(Buffer.from('MAR')).output.toString(), 'MA');
  assert.deepEqual(end.push(Buffer.from('K')), { output: Buffer.alloc(0), ended: true });
});

test('OutputEnd gives all bytes before the mark however the stream is cut', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 });
  // Few letters, so that beginnings of the mark abound.
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 });
  fc.assert(
    fc.property(text, cuts, (before, sizes) => {
      const end = new OutputEnd('aabaX');
      const stream = Buffer.from(`${before}aabaX`);
      let seen = '';
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const next = at + (sizes[turn % sizes.length] ?? 1);
        const { output, ended } = end.push(stream.subarray(at, next));
        seen += output;
        at = next;
        assert.equal(ended, at >= stream.length);
      }
      assert.equal(seen, before);
    }),
  );
});
