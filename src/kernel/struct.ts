import { decodeText, encodedLength, encodeText } from './byte-text.ts';

/**
 * C structs as tables of fields. A struct is declared once, with the C name of the type, and gives its size, its
 * offsets (natural alignment, as the kernel's 64-bit ABI) and typed accessors that read and write in place.
 * 64 bits on the wire is a bigint, 32 bits or less a number.
 */

/** Whether this machine stores the low byte first. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** How one member of a C struct is laid out, read and written. */
export interface Field<T> {
  readonly size: number;
  readonly align: number;
  get(view: DataView, at: number): T;
  set(view: DataView, at: number, value: T): void;
}

export const u8: Field<number> = {
  size: 1,
  align: 1,
  get: (view, at) => view.getUint8(at),
  set: (view, at, value) => view.setUint8(at, value),
};

export const u16: Field<number> = {
  size: 2,
  align: 2,
  get: (view, at) => view.getUint16(at, littleEndian),
  set: (view, at, value) => view.setUint16(at, value, littleEndian),
};

export const i16: Field<number> = {
  size: 2,
  align: 2,
  get: (view, at) => view.getInt16(at, littleEndian),
  set: (view, at, value) => view.setInt16(at, value, littleEndian),
};

export const u32: Field<number> = {
  size: 4,
  align: 4,
  get: (view, at) => view.getUint32(at, littleEndian),
  set: (view, at, value) => view.setUint32(at, value, littleEndian),
};

export const i32: Field<number> = {
  size: 4,
  align: 4,
  get: (view, at) => view.getInt32(at, littleEndian),
  set: (view, at, value) => view.setInt32(at, value, littleEndian),
};

export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  get: (view, at) => view.getBigUint64(at, littleEndian),
  set: (view, at, value) => view.setBigUint64(at, value, littleEndian),
};

/** A `char[size]` that holds a NUL-terminated string of any bytes (`decodeText`). Setting one that does not fit is a RangeError, never a cut. */
export function cstring(size: number): Field<string> {
  return {
    size,
    align: 1,
    get(view, at) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
      const end = bytes.indexOf(0);
      return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
    },
    set(view, at, value) {
      const length = encodedLength(value);
      if (length >= size) {
        throw new RangeError(`"${value}" is ${length} bytes, the kernel's field holds ${size - 1}`);
      }
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
      bytes.fill(0);
      if (length > value.length) bytes.set(encodeText(value));
      else for (let index = 0; index < length; index++) bytes[index] = value.charCodeAt(index);
    },
  };
}

/** Three `__u32` in a row, as device-mapper's version numbers are. */
export const version3: Field<readonly [number, number, number]> = {
  size: 12,
  align: 4,
  get: (view, at) => [u32.get(view, at), u32.get(view, at + 4), u32.get(view, at + 8)],
  set: (view, at, value) => {
    for (const [index, part] of value.entries()) u32.set(view, at + 4 * index, part);
  },
};

type Fields = Record<string, Field<never> | Field<unknown>>;
type Values<F> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A struct's layout. `at(bytes, offset)` gives accessors that read and write the bytes themselves. */
export interface Struct<F> {
  readonly name: string;
  readonly size: number;
  readonly offsets: { readonly [K in keyof F]: number };
  at(bytes: Uint8Array, offset?: number): Values<F>;
}

/** The typed accessors of a struct, as `at()` returns them. */
export type View<S> = S extends Struct<infer F> ? Values<F> : never;

const viewKey = Symbol('view');
const baseKey = Symbol('base');
const alignUp = (value: number, align: number): number => Math.ceil(value / align) * align;

/**
 * Lays out a C struct.
 *
 * @param name the struct's name in the kernel's header
 * @param fields its members, in the header's order
 */
export function struct<const F extends Fields>(name: string, fields: F): Struct<F> {
  const offsets: Record<string, number> = {};
  let end = 0;
  let widest = 1;
  // Symbols, because a struct may have a member of any name.
  class Accessors {
    readonly [viewKey]: DataView;
    readonly [baseKey]: number;
    constructor(view: DataView, base: number) {
      this[viewKey] = view;
      this[baseKey] = base;
    }
  }
  for (const [key, anyField] of Object.entries(fields)) {
    const field = anyField as Field<unknown>;
    const offset = alignUp(end, field.align);
    offsets[key] = offset;
    end = offset + field.size;
    widest = Math.max(widest, field.align);
    Object.defineProperty(Accessors.prototype, key, {
      enumerable: true,
      get(this: Accessors) {
        return field.get(this[viewKey], this[baseKey] + offset);
      },
      set(this: Accessors, value: unknown) {
        field.set(this[viewKey], this[baseKey] + offset, value);
      },
    });
  }
  const size = alignUp(end, widest);
  return {
    name,
    size,
    offsets: offsets as Struct<F>['offsets'],
    at(bytes, offset = 0) {
      if (offset < 0 || offset + size > bytes.length) {
        throw new RangeError(`${name} at ${offset} does not fit in ${bytes.length} bytes`);
      }
      return new Accessors(
        new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        offset,
      ) as unknown as Values<F>;
    },
  };
}
