import { UsageError } from '../mapper/errors.ts';
import type { Field, FieldValue } from './field.ts';
import type { FieldTable } from './field-table.ts';
import { SelectionReader } from './select-reader.ts';
import { unitBytes } from './size.ts';

type Predicate<Row> = (row: Row) => boolean;

/** Which rows a selection selects, and the fields that it looks at. */
export interface Criteria<Row> {
  readonly selects: (row: Row) => boolean;
  readonly fields: ReadonlySet<Field<Row>>;
}

interface Source<Row> {
  readonly reader: SelectionReader;
  readonly table: FieldTable<Row>;
  readonly fields: Set<Field<Row>>;
}

type ValueTest = (value: FieldValue) => boolean;

const OPERATORS = ['=~', '!~', '!=', '>=', '<=', '=', '>', '<'] as const;
type Operator = (typeof OPERATORS)[number];

/** What a selection is made of, as text for people. */
export const SELECTION_HELP = `A selection is FIELD OPERATOR VALUE, several of them joined:
  A && B   A , B   both
  A || B   A # B   at least one; && binds tighter
  !( A )   ( A )   not; grouping

Operators:
  =   !=           equal or not; numbers, sizes, text, lists
  >   >=   <   <=  numbers and sizes
  =~  !~           regular expression found in the text or not

Values:
  number           such as 4 or 0.5; percentages may end with %
  size             such as 1.5g: b s k m g t p e (1024) or K M G T P E (1000); m when no unit is given
  text, regular    quoted with ' or ", or bare up to a blank, a logical operator or )
    expression
  string list      [a, b] exactly these; {a, b} these and maybe more; [a || b], {a || b}, or a alone: one of these
  "all" selects every row. A field without a value (-) is unequal to everything.
`;

/**
 * Reads a selection (libdevmapper's `--select`); it compares fields by their values.
 *
 * @throws UsageError naming the column and what would be right there
 */
export function parseSelection<Row>(text: string, table: FieldTable<Row>): Criteria<Row> {
  const fields = new Set<Field<Row>>();
  if (text === '' || text.trim() === 'all') return { selects: () => true, fields };
  const reader = new SelectionReader(text);
  const selects = either({ reader, table, fields });
  if (!reader.isAtEnd) throw reader.error('a logical operator (&& , || #)');
  return { selects, fields };
}

function either<Row>(source: Source<Row>): Predicate<Row> {
  const parts = [both(source)];
  while (source.reader.word('||', '#') !== undefined) parts.push(both(source));
  return parts.length === 1 ? (parts[0] as Predicate<Row>) : (row) => parts.some((part) => part(row));
}

function both<Row>(source: Source<Row>): Predicate<Row> {
  const parts = [single(source)];
  while (source.reader.word('&&', ',') !== undefined) parts.push(single(source));
  return parts.length === 1 ? (parts[0] as Predicate<Row>) : (row) => parts.every((part) => part(row));
}

function single<Row>(source: Source<Row>): Predicate<Row> {
  const { reader } = source;
  if (reader.word('!') !== undefined) {
    const inner = single(source);
    return (row) => !inner(row);
  }
  if (reader.word('(') === undefined) return comparison(source);
  const inner = either(source);
  if (reader.word(')') === undefined) throw reader.error('a right parenthesis');
  return inner;
}

function comparison<Row>({ reader, table, fields }: Source<Row>): Predicate<Row> {
  reader.skipBlanks();
  const at = reader.at;
  const name = reader.match(/[A-Za-z0-9_]+/y);
  if (name === undefined) throw reader.error('a field name');
  const field = table.find(name);
  if (field === undefined) throw reader.error('a field; "-S help" lists them', at);
  if (field.id === 'selected') throw reader.error('a field other than the result of the selection itself', at);
  fields.add(field);
  const operator = reader.word(...OPERATORS);
  if (operator === undefined) throw reader.error('a comparison operator (= != > >= < <= =~ !~)');
  reader.skipBlanks();
  const test = valueTest(reader, field, operator);
  return (row) => test(field.value(row));
}

function valueTest<Row>(reader: SelectionReader, field: Field<Row>, operator: Operator): ValueTest {
  const isText = field.kind === 'string' || field.kind === 'list';
  if (operator === '=~' || operator === '!~') {
    if (!isText)
      throw new UsageError(`Selection: ${operator} needs a field of text, and ${field.id} is a ${field.kind}`);
    const pattern = regularExpression(reader);
    const test: ValueTest = (value) => texts(value).some((one) => pattern.test(one));
    return operator === '=~' ? test : (value) => !test(value);
  }
  if (isText) {
    if (operator !== '=' && operator !== '!=') {
      throw new UsageError(`Selection: ${operator} needs a number or a size, and ${field.id} is text`);
    }
    const test = textTest(reader);
    return operator === '=' ? test : (value) => !test(value);
  }
  const order = orderTest(field.kind === 'size' ? readSize(reader, field.id) : readNumber(reader, field));
  return (value) => {
    if (typeof value !== 'bigint' && typeof value !== 'number') return operator === '!=';
    return HOLDS[operator](order(value));
  };
}

const HOLDS: Readonly<Record<Exclude<Operator, '=~' | '!~'>, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

/** A number that people typed, exactly: `numerator / denominator`. */
interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function orderTest({ numerator, denominator }: Fraction): (value: bigint | number) => number {
  const near = Number(numerator) / Number(denominator);
  return (value) => {
    if (typeof value === 'number') return Math.sign(value - near);
    const scaled = value * denominator;
    return scaled < numerator ? -1 : scaled > numerator ? 1 : 0;
  };
}

function readFraction(reader: SelectionReader): Fraction | undefined {
  const text = reader.match(/\d+\.?\d*|\.\d+/y);
  if (text === undefined) return undefined;
  const [whole = '', decimals = ''] = text.split('.');
  return { numerator: BigInt(`${whole}${decimals}`), denominator: 10n ** BigInt(decimals.length) };
}

function readNumber<Row>(reader: SelectionReader, { id, unit }: Field<Row>): Fraction {
  const number = readFraction(reader);
  if (number === undefined) throw reader.error(`a number, which ${id} is compared with`);
  if (unit === 'percent') reader.match(/%/y);
  return number;
}

function readSize(reader: SelectionReader, id: string): Fraction {
  const number = readFraction(reader);
  if (number === undefined) throw reader.error(`a size such as 1.5g, which ${id} is compared with`);
  const at = reader.at;
  const letter = reader.match(/[A-Za-z]/y) ?? 'm';
  const unit = unitBytes(letter);
  if (unit === undefined) throw reader.error('a unit (b s k m g t p e, or K M G T P E)', at);
  return { ...number, numerator: number.numerator * unit };
}

function regularExpression(reader: SelectionReader): RegExp {
  const at = reader.at;
  const text = reader.quoted() ?? reader.bare();
  try {
    return new RegExp(text);
  } catch (error) {
    throw reader.error(`a regular expression (${error instanceof Error ? error.message : 'it cannot be read'})`, at);
  }
}

/** A list as it is shown, and its items; text is a list of itself. */
function texts(value: FieldValue): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'object' ? [value.join(), ...value] : [`${value}`];
}

function textTest(reader: SelectionReader): ValueTest {
  const opening = reader.word('[', '{');
  if (opening !== undefined) return listTest(reader, opening);
  const wanted = reader.quoted() ?? reader.bare();
  return (value) => texts(value).includes(wanted);
}

function listTest(reader: SelectionReader, opening: '[' | '{'): ValueTest {
  const closing = opening === '[' ? ']' : '}';
  const wanted: string[] = [];
  let isAny: boolean | undefined;
  while (reader.word(closing) === undefined) {
    if (wanted.length > 0) {
      const separator = reader.word('&&', ',', '||', '#');
      if (separator === undefined) throw reader.error(`${closing} or a separator (&& , || #)`);
      const isOr = separator === '||' || separator === '#';
      if (isAny !== undefined && isAny !== isOr) throw reader.error('the same separators between all items of a list');
      isAny = isOr;
    }
    reader.skipBlanks();
    const item = reader.quoted() ?? reader.bare(`)${closing}`);
    if (item === '' && reader.isAtEnd) throw reader.error(closing);
    wanted.push(item);
  }
  return (value) => {
    const items = new Set(typeof value === 'object' ? value : texts(value));
    if (isAny === true) return wanted.some((item) => items.has(item));
    return wanted.every((item) => items.has(item)) && (opening === '{' || items.size === new Set(wanted).size);
  };
}
