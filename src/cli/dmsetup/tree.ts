import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';

/** A device of a tree: device-mapper's own, or one below them. */
export interface TreeDevice {
  readonly number: DeviceNumber;
  /** As it is drawn. */
  readonly label: string;
  /** Whether it is one of device-mapper's own. */
  readonly mapped: boolean;
  /** The devices that its table uses, in the kernel's order. */
  readonly uses: readonly DeviceNumber[];
}

/** A device with what stands below it in the drawing. */
export interface TreeNode {
  readonly device: TreeDevice;
  readonly children: readonly TreeNode[];
}

/** How a tree is drawn. */
export interface TreeForm {
  readonly symbols: keyof typeof SYMBOLS;
  /** An only child, and the first one, on its parent's line. */
  readonly compact: boolean;
  /** Lines are cut behind so many characters; undefined not to. */
  readonly width: number | undefined;
}

const VT100 = (letters: string): string => `\x1b(0\x0f${letters}\x1b(B`;

const SYMBOLS = {
  ascii: { branch: '|-', last: '`-', bar: '| ', only: '---', first: '-+-' },
  utf: { branch: '├─', last: '└─', bar: '│ ', only: '───', first: '─┬─' },
  vt100: {
    branch: VT100('tq'),
    last: VT100('mq'),
    bar: `${VT100('x')} `,
    only: VT100('qqq'),
    first: VT100('qwq'),
  },
} as const;

const GAP = '  ';
const keyOf = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;

/** The trees whose roots nothing uses, in the order of `devices`; inverted, those whose roots use nothing. */
export function plantTrees(devices: readonly TreeDevice[], { inverted }: { readonly inverted: boolean }): TreeNode[] {
  const known = new Map(devices.map((device) => [keyOf(device.number), device]));
  const users = new Map<string, TreeDevice[]>();
  const met: TreeDevice[] = [];
  const visit = (device: TreeDevice): void => {
    if (met.includes(device)) return;
    met.push(device);
    for (const number of device.uses) {
      const below = known.get(keyOf(number));
      if (below === undefined) continue;
      users.set(keyOf(number), [...(users.get(keyOf(number)) ?? []), device]);
      visit(below);
    }
  };
  for (const device of devices) if (device.mapped) visit(device);
  const usersOf = (device: TreeDevice): readonly TreeDevice[] => users.get(keyOf(device.number)) ?? [];
  const usedBy = (device: TreeDevice): readonly TreeDevice[] =>
    device.uses.flatMap((number) => known.get(keyOf(number)) ?? []);
  const below = inverted ? usersOf : usedBy;
  const above = inverted ? usedBy : usersOf;
  // The kernel allows no cycle.
  const grow = (device: TreeDevice): TreeNode => ({ device, children: below(device).map(grow) });
  return met.filter((device) => above(device).length === 0).map(grow);
}

/** Draws trees, each root at the beginning of a line. */
export function drawTrees(roots: readonly TreeNode[], form: TreeForm): string {
  const lines = roots.flatMap((root) => (form.compact ? compactLines(root, form) : plainLines(root, form)));
  return lines.map((line) => `${form.width === undefined ? line : cut(line, form.width)}\n`).join('');
}

function plainLines({ device, children }: TreeNode, form: TreeForm): string[] {
  const { branch, last, bar } = SYMBOLS[form.symbols];
  const lower = children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const [own = '', ...rest] = plainLines(child, form);
    return [` ${isLast ? last : branch}${own}`, ...rest.map((line) => ` ${isLast ? GAP : bar}${line}`)];
  });
  return [device.label, ...lower];
}

function compactLines({ device, children }: TreeNode, form: TreeForm): string[] {
  const { branch, last, bar, only, first } = SYMBOLS[form.symbols];
  const indent = ' '.repeat([...device.label].length + 1);
  const lines = children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const [own = '', ...rest] = compactLines(child, form);
    const head = index === 0 ? `${device.label}${isLast ? only : first}` : `${indent}${isLast ? last : branch}`;
    return [`${head}${own}`, ...rest.map((line) => `${indent}${isLast ? GAP : bar}${line}`)];
  });
  return lines.length === 0 ? [device.label] : lines;
}

/** Leaves one column free, as libdevmapper's tool does. */
function cut(line: string, width: number): string {
  let seen = 0;
  let kept = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what switches the terminal's character set takes no room
  for (const [token] of line.matchAll(/\x1b\(0\x0f|\x1b\(B|./gsu)) {
    const takesRoom = !token.startsWith('\x1b');
    if (takesRoom && seen === width - 1) return `${kept}...`;
    if (takesRoom) seen++;
    kept += token;
  }
  return kept;
}
