import { ERRNO } from '../kernel/errno.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { DeviceUse } from './device.ts';
import { type Changed, type KernelVersion, onKernel } from './kernel-version.ts';
import { type KeyPlaces, keyless } from './key-places.ts';
import { line } from './line.ts';
import type { HelpLine, Part, Readback, ValueOf } from './part.ts';
import { type Circumstances, type Finding, type Problem, Reader } from './reader.ts';
import { Target } from './target.ts';
import { splitWords } from './words.ts';

/** What the kernel demands of a table with such a target (`DM_TARGET_*`, include/linux/device-mapper.h). */
export interface TargetFeatures {
  /** It must be the table's only target. */
  readonly singleton?: boolean | Changed<boolean>;
  /** No other type can take its place in a reload, nor mix with it. */
  readonly immutable?: boolean;
  /** A read-only table cannot hold it. */
  readonly alwaysWriteable?: boolean;
  /** It can stand in a read-only table only. */
  readonly readOnly?: boolean;
}

/** What a target file declares. */
export interface TargetDeclaration<V, S, M extends Readonly<Record<string, Part<unknown>>>> {
  /** The kernel's name of it. */
  readonly type: string;
  /** What it does, one sentence. */
  readonly summary: string;
  /** The kernel that first has it, when that is later than 6.1. */
  readonly since?: KernelVersion;
  /** The parameter line. */
  readonly params: Part<V>;
  /** What the kernel does with words behind the line: it refuses them unless told. */
  readonly extra?: 'ignored' | 'taken';
  /** The constructor reads on and opens devices on the way, instead of counting the words first. */
  readonly countsLate?: boolean;
  /** The `STATUSTYPE_INFO` line; targets without it print nothing. */
  readonly status?: Part<S>;
  /** Messages by their leading words; the part is what follows. */
  readonly messages?: M;
  readonly features?: TargetFeatures;
  /** Where key material stands. */
  readonly keys?: KeyPlaces;
  /** The values as the kernel keeps and prints them back, where they are not those of the table. */
  readonly kept?: (values: V) => V;
  /** The area of a device, by its role, where the line's words do not say it; undefined for the declared one. */
  readonly area?: (role: string, values: V, length: bigint) => Pick<DeviceUse, 'offset' | 'length'> | undefined;
  readonly readback?: {
    /** The kernel ends the line with a blank. */
    readonly trailingBlank?: boolean | Changed<boolean>;
    /** The kernel prints nothing back. */
    readonly nothing?: boolean;
  };
}

/** A status line: its values, or why they could not be had. The kernel's text is always kept. */
export type Status<S> =
  | { readonly kind: 'parsed'; readonly raw: string; readonly value: S; readonly rest: readonly string[] }
  | { readonly kind: 'unparsed'; readonly raw: string; readonly reason: string };

/** What can be done with a target's text whatever the target. */
export interface TargetGrammar<V = unknown, S = unknown> {
  readonly type: string;
  readonly summary: string;
  readonly since: KernelVersion | undefined;
  readonly features: TargetFeatures;
  /** The parameter line's form, such as `<device> <offset>`. */
  readonly form: string;
  /** The status line's form; empty for none. */
  readonly statusForm: string;
  /** The messages' forms. */
  readonly messageForms: readonly string[];
  /** What each field is. */
  readonly help: readonly HelpLine[];
  /** A target from its parameters. @throws DmParseError */
  parse(params: string): Target<V>;
  /** What is wrong with a parameter line, in the order in which the kernel's constructor would find it. */
  problems(params: string, circumstances?: Circumstances): Problem[];
  /** A status line's values. */
  status(raw: string): Status<S>;
  /** A parameter line with zeros for its keys. */
  hideKeys(params: string): string;
  /** The devices that a target with these values uses; `length` is its length in sectors. */
  devices(values: V, length: bigint): DeviceUse[];
  /** The quoted words of a parameter line. */
  print(values: V, readback: Readback | undefined): string[];
  /** The words as printed back, with what the kernel does to the line as a whole. */
  loadedText(text: string, kernel: KernelVersion): string;
}

type Argument<V> = Partial<V> extends V ? [values?: V] : [values: V];

/** Functions that give a message's text, by its leading words. @throws RangeError for values it cannot have */
export type MessageBuilders<M> = { readonly [K in keyof M]: (...values: Argument<ValueOf<M[K]>>) => string };

/** A target's type: called with values it makes a target. */
export interface TargetType<V, S, M> extends TargetGrammar<V, S> {
  (...values: Argument<V>): Target<V>;
  readonly messages: MessageBuilders<M>;
}

const nothing: Part<unknown> = line({});

/** Makes a target's type from its declaration. */
export function defineTarget<
  V extends object,
  S = Readonly<Record<never, never>>,
  const M extends Readonly<Record<string, Part<unknown>>> = Readonly<Record<never, never>>,
>(declaration: TargetDeclaration<V, S, M>): TargetType<V, S, M> {
  const { type, params, extra, features = {}, status = nothing as Part<S>, readback = {} } = declaration;
  const { kept = (values: V): V => values, area } = declaration;
  const hideKeys = (text: string): string => keyless(text, declaration.keys);

  const examine = (text: string, circumstances: Circumstances): Examined<V> => {
    const examined = read(params, text, circumstances, declaration.countsLate !== true);
    const findings = [...featureFindings(type, features, circumstances), ...examined.findings];
    const [first] = examined.rest;
    if (first !== undefined && extra !== 'taken') {
      const ignored = extra === 'ignored';
      const refused = `${first.text}: ${ignored ? 'the kernel ignores this word' : `${type} takes no more words here`}`;
      const finding = { message: refused, column: first.column, errno: ignored ? undefined : ERRNO.EINVAL };
      findings[ignored ? 'push' : 'unshift']({ ...finding, unreadable: false, counting: true });
    }
    return { ...examined, findings };
  };

  const grammar: TargetGrammar<V, S> = {
    type,
    summary: declaration.summary,
    since: declaration.since,
    features,
    form: params.form(''),
    statusForm: status.form(''),
    messageForms: Object.entries(declaration.messages ?? {}).map(([name, part]) =>
      `${name} ${part.form('')}`.trimEnd(),
    ),
    help: params.help(''),
    parse(text) {
      const { value, rest, findings } = examine(text, {});
      const fault = findings.find(({ unreadable }) => unreadable);
      if (fault !== undefined)
        throw new DmParseError(`${type}: ${masked(fault.message, text, hideKeys)}`, hideKeys(text), fault.column);
      if (value === undefined) throw new DmParseError(`${type}: the parameters cannot be read`, hideKeys(text), 1);
      return new Target(
        grammar,
        value,
        rest.map((word) => word.text),
      );
    },
    problems: (text, circumstances = {}) =>
      examine(text, circumstances).findings.map(({ message, column, errno }) => ({
        message: `${type}: ${masked(message, text, hideKeys)}`,
        column,
        errno,
      })),
    status(raw) {
      const { value, rest, findings } = read(status, raw, {}, true);
      const fault = findings.find(({ unreadable }) => unreadable);
      if (fault === undefined && value !== undefined) {
        return { kind: 'parsed', raw, value, rest: rest.map((word) => word.text) };
      }
      return {
        kind: 'unparsed',
        raw,
        reason: fault === undefined ? 'no status' : `${fault.message} at column ${fault.column}`,
      };
    },
    hideKeys,
    devices(values, length) {
      const whole = Object.fromEntries(Object.entries(values));
      const uses = params.devices?.(values, '', { line: whole, whole, length }) ?? [];
      return area === undefined ? uses : uses.map((use) => ({ ...use, ...area(use.role, values, length) }));
    },
    print: (values, back) => params.print(back === undefined ? values : kept(values), '', {}, back),
    loadedText(text, kernel) {
      if (readback.nothing === true) return '';
      return onKernel(readback.trailingBlank ?? false, kernel) ? `${text} ` : text;
    },
  };
  const build = (values?: V): Target<V> => new Target(grammar, values ?? ({} as V));
  return Object.assign(build, grammar, { messages: messageBuilders(type, declaration.messages) });
}

interface Examined<V> {
  readonly value: V | undefined;
  readonly rest: readonly { readonly text: string; readonly column: number }[];
  readonly findings: readonly Finding[];
}

function read<V>(part: Part<V>, text: string, circumstances: Circumstances, countFirst: boolean): Examined<V> {
  const reader = new Reader(text, splitWords(text), circumstances);
  const value = part.read(reader, '');
  const { findings } = reader;
  const unreadable = findings.some((finding) => finding.unreadable);
  const ordered = countFirst
    ? [...findings.filter(({ counting }) => counting), ...findings.filter(({ counting }) => !counting)]
    : findings;
  // Where reading broke off, what follows is not extra.
  return { value, rest: unreadable ? [] : reader.words.slice(reader.at), findings: ordered };
}

function featureFindings(type: string, features: TargetFeatures, { readOnly }: Circumstances): Finding[] {
  const found = (message: string): Finding[] => [
    { message, column: 1, errno: ERRNO.EINVAL, unreadable: false, counting: false },
  ];
  if (features.alwaysWriteable === true && readOnly === true) return found(`a read-only table cannot hold a ${type}`);
  if (features.readOnly === true && readOnly === false) return found('the table must be loaded read-only');
  return [];
}

/** A message in which words that hold keys are masked. */
function masked(message: string, text: string, hideKeys: (text: string) => string): string {
  const words = splitWords(text);
  const shown = splitWords(hideKeys(text));
  return words.reduce(
    (result, word, index) =>
      shown[index]?.text === word.text ? result : result.replaceAll(word.text, shown[index]?.text ?? ''),
    message,
  );
}

function messageBuilders<M extends Readonly<Record<string, Part<unknown>>>>(
  type: string,
  messages: M | undefined,
): MessageBuilders<M> {
  const builders: Record<string, (values?: unknown) => string> = {};
  for (const [name, part] of Object.entries(messages ?? {})) {
    builders[name] = (values: unknown = {}): string => {
      const text = part.print(values, '', {}, undefined).join(' ');
      const { findings } = read(part, text, {}, true);
      const [fault] = findings;
      if (fault !== undefined) throw new RangeError(`${type} ${name}: ${fault.message}`);
      return text === '' ? name : `${name} ${text}`;
    };
  }
  // One builder for each declared message, made from its declaration.
  return builders as MessageBuilders<M>;
}
