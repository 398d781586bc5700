import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { cstring, decodeText, encodeText, struct } from '../../src/kernel/index.ts';

test('decodeText() leaves valid UTF-8 as it is and escapes every other byte', () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['é€𝄞', [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9d, 0x84, 0x9e]],
    ['\ufffd', [0xef, 0xbf, 0xbd]],
    ['\ufeffa', [0xef, 0xbb, 0xbf, 0x61]],
    ['a\udcffb', [0x61, 0xff, 0x62]],
    ['\udcc3', [0xc3]],
    ['\udce2\udc82x', [0xe2, 0x82, 0x78]],
    // Overlong forms of "/", U+007F, U+07FF and U+FFFF.
    ['\udcc0\udcaf', [0xc0, 0xaf]],
    ['\udce0\udc9f\udcbf', [0xe0, 0x9f, 0xbf]],
    ['\udcf0\udc8f\udcbf\udcbf', [0xf0, 0x8f, 0xbf, 0xbf]],
    // U+D800 and U+110000, which UTF-8 does not have.
    ['\udced\udca0\udc80', [0xed, 0xa0, 0x80]],
    ['\udcf4\udc90\udc80\udc80', [0xf4, 0x90, 0x80, 0x80]],
    ['é\udca9', [0xc3, 0xa9, 0xa9]],
  ];
  for (const [text, bytes] of cases) {
    assert.equal(decodeText(Uint8Array.from(bytes)), text);
    assert.deepEqual([...encodeText(text)], bytes);
  }
});

test('encodeText() gives back the bytes of any decodeText()', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual(encodeText(decodeText(bytes)), bytes);
    }),
    { numRuns: 2000 },
  );
});

test('encodeText() refuses a surrogate that stands for no byte', () => {
  for (const text of ['\ud800', 'a\udc7f', '\udd00']) assert.throws(() => encodeText(text), RangeError);
});

test('cstring() keeps bytes that are no UTF-8', () => {
  const Name = struct('name', { name: cstring(8) });
  const bytes = Uint8Array.from([0x61, 0xff, 0xc3, 0, 9, 9, 9, 9]);
  assert.equal(Name.at(bytes).name, 'a\udcff\udcc3');
  const copy = new Uint8Array(8);
  Name.at(copy).name = Name.at(bytes).name;
  assert.deepEqual([...copy], [0x61, 0xff, 0xc3, 0, 0, 0, 0, 0]);
});
