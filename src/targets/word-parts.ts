import { ERRNO } from '../kernel/errno.ts';
import { type Device, deviceText } from './device.ts';
import { isUnknown, label, type Part, printedDevice, type UnknownWord } from './part.ts';
import { quoteWord, sameWord } from './words.ts';

/** Any word. */
export function text(about: string): Part<string> {
  return {
    form: (name) => `<${name}>`,
    help: (name) => [{ name, text: about }],
    read: (reader, name) => reader.take(label(name))?.text,
    print: (value) => [quoteWord(value)],
  };
}

/** How a choice compares words; most targets ignore case. */
export interface ChoiceSettings {
  readonly caseSensitive?: boolean;
}

/** One of some words; another one is kept and is a problem. */
export function choice<const W extends string>(
  about: string,
  words: readonly W[],
  { caseSensitive = false }: ChoiceSettings = {},
): Part<W | UnknownWord> {
  const form = words.join('|');
  return {
    form: () => form,
    help: (name) => [{ name, text: `${about}: ${words.join(', ')}` }],
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const known = words.find((each) => (caseSensitive ? each === word.text : sameWord(each, word.text)));
      if (known !== undefined) return known;
      reader.refuse(`${label(name)} must be ${words.join(' or ')}, not ${JSON.stringify(word.text)}`, { column });
      return { unknown: word.text };
    },
    print: (value) => [quoteWord(isUnknown(value) ? value.unknown : value)],
  };
}

/** A word that is always the same, without a value. */
export function literal(word: string): Part<never> & { readonly hidden: true } {
  return {
    hidden: true,
    form: () => word,
    help: () => [],
    read(reader) {
      const column = reader.column;
      const found = reader.take(word);
      if (found !== undefined && found.text !== word) {
        reader.refuse(`${word} must stand here, not ${JSON.stringify(found.text)}`, { column, unreadable: true });
      }
      return undefined;
    },
    print: () => [word],
  };
}

/** A part in whose place `-` may stand for nothing: undefined becomes null, since the word is there. */
export function orDash<T>(part: Part<T>): Part<T | null> {
  return {
    form: (name) => `${part.form(name)}|-`,
    help: (name) => part.help(name).map((help) => ({ ...help, text: `${help.text}; - for none` })),
    read(reader, name) {
      if (reader.peek()?.text !== '-') return part.read(reader, name);
      reader.at++;
      return null;
    },
    print: (value, name, line, readback) => (value === null ? ['-'] : part.print(value, name, line, readback)),
    devices: (value, name, around) => (value === null ? [] : (part.devices?.(value, name, around) ?? [])),
  };
}

const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

/** How a target uses a device. */
export interface DeviceSettings {
  /** What it is used for; the field's name unless told. */
  readonly role?: string;
  /** How the kernel opens it: as the table unless told. */
  readonly mode?: 'table' | 'read' | 'write';
  /** The field of the same line that holds the first sector in use; from the start unless told. */
  readonly offset?: string;
  /**
   * How much of it is in use from there: as much as the target is long unless told; the target's length divided by the
   * number of entries of the line's list of that name; or known to the kernel only.
   */
  readonly extent?: 'target' | 'unknown' | { readonly sharedBy: string };
  /** What the constructor gives when the device cannot be opened, where it hides the cause. */
  readonly openErrno?: number;
}

/** A device; its role is the field's name. */
export function device(about: string, settings: DeviceSettings = {}): Part<Device> {
  const { mode = 'table', extent = 'target' } = settings;
  return {
    form: (name) => `<${name}>`,
    help: (name) => [{ name, text: `${about}: major:minor or a path` }],
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const parsed = parseDevice(word.text);
      if (typeof parsed !== 'string' && (parsed.major > MAX_MAJOR || parsed.minor > MAX_MINOR)) {
        const errno = settings.openErrno ?? ERRNO.EOVERFLOW;
        reader.refuse(
          `${label(name)} ${JSON.stringify(word.text)}: a major is at most ${MAX_MAJOR}, a minor ${MAX_MINOR}`,
          {
            column,
            errno,
          },
        );
        return parsed;
      }
      const refused = reader.circumstances.cannotOpen?.(parsed, mode);
      if (refused !== undefined) {
        reader.refuse(`${label(name)} ${JSON.stringify(word.text)} cannot be opened`, {
          column,
          errno: settings.openErrno ?? refused,
        });
      }
      return parsed;
    },
    print: (value, _name, _line, readback) => [quoteWord(deviceText(printedDevice(value, readback)))],
    devices(value, name, { line, whole, length }) {
      const offset = settings.offset === undefined ? 0n : line[settings.offset];
      return [
        {
          device: value,
          role: settings.role ?? label(name),
          mode,
          offset: typeof offset === 'bigint' ? offset : 0n,
          length:
            extent === 'target' ? length : extent === 'unknown' ? undefined : share(whole[extent.sharedBy], length),
        },
      ];
    },
  };
}

function share(list: unknown, length: bigint): bigint | undefined {
  return Array.isArray(list) && list.length > 0 ? length / BigInt(list.length) : undefined;
}

/** `sscanf(word, "%u:%u%c") == 2`, or else a path. */
export function parseDevice(word: string): Device {
  const match = /^(\d+):(\d+)$/.exec(word);
  if (match === null) return word;
  return {
    major: Number(BigInt.asUintN(32, BigInt(match[1] ?? ''))),
    minor: Number(BigInt.asUintN(32, BigInt(match[2] ?? ''))),
  };
}
