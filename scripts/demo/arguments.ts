/** What `npm run demo` was asked for. */
export interface DemoArguments {
  readonly fileSystem: 'ext4' | 'xfs';
  /** Where the picture goes; relative to where the demo was started. */
  readonly picture: string;
  /** Use the virtual machine even where this machine's own device-mapper could be used. */
  readonly forceLab: boolean;
  readonly kernel: '6.1' | '6.12';
  readonly help: boolean;
}

export const DEFAULT_PICTURE = 'build/file-followed.svg';

export const DEMO_USAGE = `usage: npm run demo [-- OPTIONS]

Follows a growing file on a real device-mapper device and shows its I/O.

  --fs ext4|xfs      the file system (default ext4)
  --picture PATH     where the picture goes (default ${DEFAULT_PICTURE})
  --lab              use the virtual machine, even where this machine has device-mapper and you are root
  --kernel 6.1|6.12  the virtual machine's kernel (default 6.1)
  --help             this text
`;

/** A word on the command line that the demo does not know. */
export class DemoUsageError extends Error {}

/** @throws DemoUsageError */
export function parseDemoArguments(argv: readonly string[]): DemoArguments {
  let fileSystem: DemoArguments['fileSystem'] = 'ext4';
  let kernel: DemoArguments['kernel'] = '6.1';
  let picture = DEFAULT_PICTURE;
  let forceLab = false;
  let help = false;
  const words = argv.flatMap((word) => /^(--[a-z]+)=(.*)$/s.exec(word)?.slice(1) ?? [word]);
  const value = (name: string): string => {
    const word = words.shift();
    if (word === undefined || word === '') throw new DemoUsageError(`${name} needs a value`);
    return word;
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--fs') fileSystem = oneOf(word, value(word), ['ext4', 'xfs']);
    else if (word === '--kernel') kernel = oneOf(word, value(word), ['6.1', '6.12']);
    else if (word === '--picture') picture = value(word);
    else if (word === '--lab') forceLab = true;
    else if (word === '--help' || word === '-h') help = true;
    else throw new DemoUsageError(`unknown word: ${word}`);
  }
  return { fileSystem, picture, forceLab, kernel, help };
}

function oneOf<T extends string>(name: string, word: string, known: readonly T[]): T {
  const found = known.find((one) => one === word);
  if (found === undefined) throw new DemoUsageError(`${name} ${word}: one of ${known.join(', ')}`);
  return found;
}
