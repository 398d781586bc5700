import { ERRNO } from '../kernel/errno.ts';
import { type Fields, type HelpLine, label, type Part, type Values } from './part.ts';
import type { Circumstances, Finding } from './reader.ts';

/** A check that looks at more than one word. */
export interface Rule<V> {
  /** The field that its message is about. */
  readonly about: string;
  /** The fields that it looks at: it is left out when one of them cannot be read. All that must be there unless told. */
  readonly needs?: readonly string[];
  /** What the kernel gives; EINVAL unless told. Undefined in the value: the kernel takes it. */
  readonly errno?: number | undefined;
  /** What is wrong and what would be right, or undefined when all is well. */
  wrong(values: V, circumstances: Circumstances): string | undefined;
}

/** What a line checks beyond its words. */
export interface LineSettings<V> {
  readonly rules?: Readonly<Record<string, Rule<V>>>;
  /**
   * Names of fields and rules in the order in which the kernel's constructor checks them. What is not named follows:
   * fields in the order of their words, then rules.
   */
  readonly order?: readonly string[];
}

/** Words one after another, each part with a name. */
export function line<const F extends Fields>(fields: F, settings: LineSettings<Values<F>> = {}): Part<Values<F>> {
  const entries = Object.entries(fields);
  const rules: Readonly<Record<string, Rule<Values<F>>>> = settings.rules ?? {};
  const order = new Set([...(settings.order ?? []), ...Object.keys(fields), ...Object.keys(rules)]);
  for (const name of order) {
    if (!(name in fields) && !(name in rules))
      throw new RangeError(`${name} is neither a field nor a rule of the line`);
  }
  return {
    form: () => joined(entries.map(([name, field]) => field.form(label(name)))),
    help: () => entries.flatMap(([name, field]): HelpLine[] => field.help(label(name))),
    read(reader) {
      const outer = reader.findings;
      const read: Record<string, unknown> = {};
      const found = new Map<string, Finding[]>();
      const columns = new Map<string, number>();
      for (const [name, field] of entries) {
        reader.findings = [];
        found.set(name, reader.findings);
        columns.set(name, reader.column);
        const value = field.read(reader, name);
        if (value !== undefined && field.hidden !== true) read[name] = value;
      }
      reader.findings = outer;
      const whole = entries.every(([name, field]) => name in read || field.hidden === true || field.optional === true);
      // Where every field that must be there was read, the record is what the type says; else rules see what they need.
      const values = read as Values<F>;
      for (const name of order) {
        outer.push(...(found.get(name) ?? []));
        const rule = rules[name];
        if (rule === undefined || !(rule.needs?.every((field) => field in read) ?? whole)) continue;
        const message = rule.wrong(values, reader.circumstances);
        if (message === undefined) continue;
        const errno = 'errno' in rule ? rule.errno : ERRNO.EINVAL;
        reader.refuse(message, { column: columns.get(rule.about) ?? 1, errno });
      }
      return whole ? values : undefined;
    },
    print(values, _name, _line, readback) {
      const record: Readonly<Record<string, unknown>> = values;
      return entries.flatMap(([name, field]) => {
        const given = record[name];
        const value = given === undefined && readback !== undefined ? field.whenAbsent : given;
        if (value === undefined && field.hidden !== true) return [];
        return field.print(value, name, record, readback);
      });
    },
    devices(values, _name, around) {
      const record: Readonly<Record<string, unknown>> = values;
      return entries.flatMap(([name, field]) => {
        const value = record[name];
        return value === undefined ? [] : (field.devices?.(value, name, { ...around, line: record }) ?? []);
      });
    },
  };
}

function joined(forms: readonly string[]): string {
  return forms.filter((form) => form !== '').join(' ');
}

/** A part that may be missing at the end of the words. */
export function optional<T>(part: Part<T>): Part<T> & { readonly optional: true } {
  return {
    ...part,
    optional: true,
    form: (name) => `[${part.form(name)}]`,
    read: (reader, name) => (reader.left === 0 ? undefined : part.read(reader, name)),
  };
}

/** A state that the kernel gives in place of the whole line, such as `Fail`. */
export interface State<S extends string> {
  readonly state: S;
}

/** A line in whose place the kernel may give a state; no one writes it. */
export function orState<const S extends string, T>(states: readonly S[], part: Part<T>): Part<T | State<S>> {
  const stateOf = (value: T | State<S>): S | undefined =>
    typeof value === 'object' && value !== null && 'state' in value
      ? states.find((state) => state === value.state)
      : undefined;
  // A value without a known state is the line's.
  const isLine = (value: T | State<S>): value is T => stateOf(value) === undefined;
  return {
    form: (name) => part.form(name),
    states,
    help: (name) => part.help(name),
    read(reader, name) {
      const text = reader.words.map((word) => word.text).join(' ');
      const state = states.find((candidate) => candidate === text);
      if (state === undefined) return part.read(reader, name);
      // A finding, not a fault: it is read where the kernel prints it, and refused where it is sent.
      reader.refuse(`${state} is what the kernel says, not what it takes`);
      reader.at = reader.words.length;
      return { state };
    },
    print: (value, name, siblings, readback) =>
      isLine(value) ? part.print(value, name, siblings, readback) : [value.state],
    devices: (value, name, around) => (isLine(value) ? (part.devices?.(value, name, around) ?? []) : []),
  };
}
