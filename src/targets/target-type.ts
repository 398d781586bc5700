import { ERRNO } from '../kernel/errno.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { DeviceUse } from './device.ts';
import { examine } from './examine.ts';
import { type Changed, type KernelVersion, onKernel } from './kernel-version.ts';
import { type KeyPlaces, keyless, keylessMessage } from './key-places.ts';
import { line } from './line.ts';
import { type Argument, type MessageBuilders, type Messages, messageBuilders } from './messages.ts';
import type { HelpLine, Part, Readback } from './part.ts';
import type { Circumstances, Finding, Problem } from './reader.ts';
import { Target } from './target.ts';
import { quoteWord, type Word } from './words.ts';

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
export interface TargetDeclaration<V, S, M extends Messages> {
  /** The kernel's name of it. */
  readonly type: string;
  /** What it does, one sentence. */
  readonly summary: string;
  /** The kernel that first has it, when that is later than 6.1. */
  readonly since?: KernelVersion;
  /** The parameter line. */
  readonly params: Part<V>;
  /**
   * What the kernel does with words behind the line: it refuses them before anything else unless told. `taken` ones
   * are nothing to complain of; `echoed` ones do nothing, but are printed back.
   */
  readonly extra?: 'ignored' | 'echoed' | 'taken' | 'refusedLast';
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

/** What a constructor gives. */
export type Constructed<V> =
  | { readonly errno: number; readonly problem: Problem }
  | { readonly errno: undefined; readonly target: Target<V> };

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
  /**
   * What the kernel's constructor makes of a line: the errno that it gives, or the target, with numbers that are too
   * large wrapped as the kernel wraps them.
   */
  construct(params: string, circumstances?: Circumstances): Constructed<V>;
  /** A status line's values. */
  status(raw: string): Status<S>;
  /** A parameter line with zeros for its keys. */
  hideKeys(params: string): string;
  /** The devices that a target with these values uses; `length` is its length in sectors. */
  devices(values: V, length: bigint): DeviceUse[];
  /** The line as one sends it. */
  print(values: V, rest: readonly string[]): string;
  /** The line as a kernel prints it back. */
  readback(values: V, rest: readonly string[], readback: Readback): string;
}

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
  const M extends Messages = Readonly<Record<never, never>>,
>(declaration: TargetDeclaration<V, S, M>): TargetType<V, S, M> {
  const { type, params, extra, features = {}, keys, status = nothing as Part<S>, readback = {} } = declaration;
  const { kept = (values: V): V => values, area } = declaration;

  const read = (text: string, circumstances: Circumstances) => {
    const { value, rest, findings } = examine(params, text, circumstances, declaration.countsLate !== true);
    const extras = extraFindings(type, rest, extra);
    const all = [
      ...featureFindings(type, features, circumstances),
      ...(extra === undefined ? [...extras, ...findings] : [...findings, ...extras]),
    ];
    const target =
      value === undefined
        ? undefined
        : new Target(
            grammar,
            value,
            rest.map((word) => word.text),
          );
    return { target, findings: all };
  };
  const problem = ({ message, column, errno }: Finding, text: string): Problem => ({
    message: `${type}: ${keylessMessage(message, text, keys)}`,
    column,
    errno,
  });

  const grammar: TargetGrammar<V, S> = {
    type,
    summary: declaration.summary,
    since: declaration.since,
    features,
    form: params.form(''),
    statusForm: [status.form(''), ...(status.states ?? [])].join(' | '),
    messageForms: Object.entries(declaration.messages ?? {}).map(([name, part]) =>
      `${name} ${part.form('')}`.trimEnd(),
    ),
    help: params.help(''),
    parse(text) {
      const { target, findings } = read(text, {});
      const fault = findings.find(({ unreadable }) => unreadable);
      if (fault !== undefined) throw new DmParseError(problem(fault, text).message, keyless(text, keys), fault.column);
      if (target === undefined) throw new DmParseError(`${type}: no parameters`, keyless(text, keys), 1);
      return target;
    },
    problems: (text, circumstances = {}) => read(text, circumstances).findings.map((finding) => problem(finding, text)),
    construct(text, circumstances = {}) {
      const { target, findings } = read(text, circumstances);
      const refused = findings.find(({ errno }) => errno !== undefined);
      if (refused?.errno !== undefined) return { errno: refused.errno, problem: problem(refused, text) };
      if (target === undefined) throw new RangeError(`${type}: ${keyless(text, keys)} is neither refused nor read`);
      return { errno: undefined, target };
    },
    status(raw) {
      const { value, rest, findings } = examine(status, raw, {}, true);
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
    hideKeys: (text) => keyless(text, keys),
    devices(values, length) {
      const whole = Object.fromEntries(Object.entries(values));
      const uses = params.devices?.(values, '', { line: whole, whole, length }) ?? [];
      return area === undefined ? uses : uses.map((use) => ({ ...use, ...area(use.role, values, length) }));
    },
    print: (values, rest) => [...params.print(values, '', {}, undefined), ...rest.map(quoteWord)].join(' '),
    readback(values, rest, back) {
      if (readback.nothing === true) return '';
      const echoed = extra === 'echoed' ? rest.map(quoteWord) : [];
      const words = [...params.print(kept(values), '', {}, back), ...echoed].join(' ');
      return onKernel(readback.trailingBlank ?? false, back.kernel) ? `${words} ` : words;
    },
  };
  const build = (values?: V): Target<V> => new Target(grammar, values ?? ({} as V));
  return Object.assign(build, grammar, { messages: messageBuilders(type, declaration.messages) });
}

function extraFindings(
  type: string,
  rest: readonly Word[],
  extra: TargetDeclaration<object, unknown, Messages>['extra'],
): Finding[] {
  const [first] = rest;
  if (first === undefined || extra === 'taken') return [];
  const ignored = extra === 'ignored' || extra === 'echoed';
  const fault = ignored ? 'is ignored by the kernel' : `is one word more than ${type} takes`;
  return [
    {
      message: `${JSON.stringify(first.text)} ${fault}`,
      column: first.column,
      errno: ignored ? undefined : ERRNO.EINVAL,
      unreadable: false,
      lost: false,
      counting: true,
    },
  ];
}

function featureFindings(type: string, features: TargetFeatures, { readOnly }: Circumstances): Finding[] {
  const found = (message: string): Finding[] => [
    { message, column: 1, errno: ERRNO.EINVAL, unreadable: false, lost: false, counting: false },
  ];
  if (features.alwaysWriteable === true && readOnly === true) return found(`a read-only table cannot hold a ${type}`);
  if (features.readOnly === true && readOnly === false) return found('the table must be loaded read-only');
  return [];
}
