import assert from 'node:assert/strict';
import test from 'node:test';
import { drawTrees, plantTrees, type TreeDevice, type TreeForm } from '../../src/cli/dmsetup/tree.ts';

const mapped = (label: string, minor: number, ...uses: readonly string[]): TreeDevice => ({
  label: `${label} (254:${minor})`,
  mapped: true,
  number: { major: 254, minor },
  uses: uses.map((text) => {
    const [major = 0, below = 0] = text.split(':').map(Number);
    return { major, minor: below };
  }),
});
const disk = (minor: number): TreeDevice => ({
  label: ` (1:${minor})`,
  mapped: false,
  number: { major: 1, minor },
  uses: [],
});

// As in the capture of dmsetup 1.02.185: s is striped over a and b, t lies on a and s.
const DEVICES = [
  mapped('a', 0, '1:0'),
  mapped('b', 1, '1:1'),
  mapped('s', 2, '254:1', '254:0'),
  mapped('t', 3, '254:0', '254:2'),
  disk(0),
  disk(1),
];
const ASCII: TreeForm = { symbols: 'ascii', compact: false, width: 80 };
const draw = (form: Partial<TreeForm>, inverted = false): string =>
  drawTrees(plantTrees(DEVICES, { inverted }), { ...ASCII, ...form });

test('drawTrees() draws what stands on what', () => {
  assert.equal(
    draw({}),
    `t (254:3)
 |-a (254:0)
 |  \`- (1:0)
 \`-s (254:2)
    |-b (254:1)
    |  \`- (1:1)
    \`-a (254:0)
       \`- (1:0)
`,
  );
});

test('drawTrees() draws inverted trees from the lowest devices', () => {
  assert.equal(
    draw({}, true),
    ` (1:0)
 \`-a (254:0)
    |-s (254:2)
    |  \`-t (254:3)
    \`-t (254:3)
 (1:1)
 \`-b (254:1)
    \`-s (254:2)
       \`-t (254:3)
`,
  );
});

test('drawTrees() puts first children on the line of their parents when compact', () => {
  assert.equal(
    draw({ compact: true }),
    `t (254:3)-+-a (254:0)--- (1:0)
          \`-s (254:2)-+-b (254:1)--- (1:1)
                      \`-a (254:0)--- (1:0)
`,
  );
});

test('drawTrees() uses the lines of UTF-8 and of the VT100', () => {
  const roots = plantTrees([mapped('a', 0, '1:0'), disk(0)], { inverted: false });
  assert.equal(drawTrees(roots, { ...ASCII, symbols: 'utf' }), 'a (254:0)\n └─ (1:0)\n');
  assert.equal(drawTrees(roots, { ...ASCII, symbols: 'vt100' }), 'a (254:0)\n \x1b(0\x0fmq\x1b(B (1:0)\n');
});

test('drawTrees() cuts lines behind the width, but for one column', () => {
  const roots = plantTrees([mapped('a', 0, '1:0'), disk(0)], { inverted: false });
  assert.equal(drawTrees(roots, { ...ASCII, width: 6 }), 'a (25...\n `- (...\n');
  assert.equal(drawTrees(roots, { ...ASCII, width: undefined }), 'a (254:0)\n `- (1:0)\n');
  assert.equal(drawTrees(roots, { ...ASCII, width: 10 }), 'a (254:0)\n `- (1:0)\n');
});
