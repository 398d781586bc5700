import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type FollowedData, joinFollowed, pathMark, splitFollowed } from '../../src/stats/followed.ts';
import { keptOf, keptText } from '../../src/stats/group.ts';

const u32 = fc.nat();
const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const home = fc.record({ major: u32, minor: u32 }, { noNullPrototype: true });
const data: fc.Arbitrary<FollowedData> = fc.record(
  {
    pathMark: fc.string().map(pathMark),
    reserved: fc.record({ home, inode: big, foreignEnd: big }, { noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('pathMark() is FNV-1a of 64 bits', () => {
  // The test vectors of the algorithm's authors (draft-eastlake-fnv, "" and "a").
  assert.equal(pathMark(''), 'cbf29ce484222325');
  assert.equal(pathMark('a'), 'af63dc4c8601ec8c');
});

test('splitFollowed() takes apart what joinFollowed() joined, and leaves other text to the user', () => {
  fc.assert(
    fc.property(fc.constantFrom('', 'mine', '|path=1', '|reserved=1:2,3', 'x|path=zz'), data, (userData, followed) => {
      assert.deepEqual(splitFollowed(joinFollowed(userData, followed)), { userData, ...followed });
    }),
  );
});

test('a tag keeps what is known of the file beside all else', () => {
  fc.assert(
    fc.property(data, (followed) => {
      const kept = {
        userData: 'mine',
        ...followed,
        partner: { major: 254, minor: 7 },
        packed: { word: 'ab', ids: [3, 4] },
        carried: undefined,
        missed: 5n,
        error: { sectors: 0n, ios: 0n },
        generation: { line: 'c0ffee', number: 3 },
      };
      assert.deepEqual(keptOf(keptText(kept)), kept);
    }),
  );
  assert.equal(
    joinFollowed('', {
      pathMark: '0123456789abcdef',
      reserved: { home: { major: 254, minor: 1 }, inode: 12n, foreignEnd: 0n },
    }),
    '|path=0123456789abcdef|reserved=254:1,12,0',
  );
});
