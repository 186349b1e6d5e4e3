import { fail } from '../../base/errors.ts';

/** A value of some D-Bus type; which one, its signature says (D-Bus specification, "Type System"). */
export type DBusValue = string | number | bigint | boolean | Uint8Array | Variant | readonly DBusValue[];

/** A value that carries its signature: one complete type. */
export interface Variant {
  readonly signature: string;
  readonly value: DBusValue;
}

/** A string, an object path or a signature; '' for anything else. */
export const textOf = (value: DBusValue | undefined): string => (typeof value === 'string' ? value : '');

export const variant = (signature: string, value: DBusValue): Variant => ({ signature, value });

const alignments: Readonly<Record<string, number>> = {
  ...{ y: 1, g: 1, v: 1, n: 2, q: 2, b: 4, i: 4, u: 4, h: 4, s: 4, o: 4, a: 4, x: 8, t: 8, d: 8, '(': 8, '{': 8 },
};
const sizes: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, b: 4, i: 4, u: 4, x: 8, t: 8 };

/** `sa(sv)b` is `s`, `a(sv)`, `b`. */
export function completeTypes(signature: string): readonly string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = typeEnd(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function typeEnd(signature: string, start: number): number {
  let at = start;
  while (signature[at] === 'a') at++;
  if (signature[at] !== '(' && signature[at] !== '{') return at + 1;
  for (let depth = 0; at < signature.length; at++) {
    if ('({'.includes(signature[at] ?? ' ')) depth++;
    if (')}'.includes(signature[at] ?? ' ') && --depth === 0) return at + 1;
  }
  throw fail('internal', `D-Bus signature ${JSON.stringify(signature)} has an open bracket`);
}

/** Little endian. `base`: how many bytes stand before it in the message, as values are aligned to its beginning. */
export function encode(signature: string, values: readonly DBusValue[], base = 0): Buffer {
  const writer = new Writer(base);
  completeTypes(signature).forEach((type, index) => writer.write(type, values[index] ?? ''));
  return writer.bytes();
}

class Writer {
  readonly #base: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(base: number) {
    this.#base = base;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks, this.#length);
  }

  #put(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  #align(to: number): void {
    const over = (this.#base + this.#length) % to;
    if (over > 0) this.#put(Buffer.alloc(to - over));
  }

  write(type: string, value: DBusValue): void {
    const [kind = ''] = type;
    this.#align(alignments[kind] ?? 1);
    const size = sizes[kind];
    if (size !== undefined) this.#put(integer(size, value));
    else if (kind === 's' || kind === 'o') this.#text(4, textOf(value));
    else if (kind === 'g') this.#text(1, textOf(value));
    else if (kind === 'v') this.#variant(value as Variant);
    else if (kind === 'a') this.#array(type.slice(1), value as readonly DBusValue[]);
    else if (kind === '(' || kind === '{') this.#fields(type.slice(1, -1), value as readonly DBusValue[]);
    else throw fail('internal', `D-Bus type ${type} is not among those written here`);
  }

  #text(lengthSize: 1 | 4, text: string): void {
    const bytes = Buffer.from(`${text}\0`);
    const length = Buffer.alloc(lengthSize);
    length.writeUIntLE(bytes.length - 1, 0, lengthSize);
    this.#put(length);
    this.#put(bytes);
  }

  #variant({ signature, value }: Variant): void {
    this.write('g', signature);
    this.write(signature, value);
  }

  #fields(types: string, values: readonly DBusValue[]): void {
    completeTypes(types).forEach((type, index) => this.write(type, values[index] ?? ''));
  }

  /** Its length counts neither itself nor the padding before the first element, which is there for none too. */
  #array(type: string, values: readonly DBusValue[] | Uint8Array): void {
    const length = Buffer.alloc(4);
    this.#put(length);
    this.#align(alignments[type[0] ?? ''] ?? 1);
    const begin = this.#length;
    if (values instanceof Uint8Array) this.#put(Buffer.from(values));
    else for (const value of values) this.write(type, value);
    length.writeUInt32LE(this.#length - begin);
  }
}

function integer(size: number, value: DBusValue): Buffer {
  const bytes = Buffer.alloc(size);
  if (size === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, value as bigint));
  else bytes.writeUIntLE((Number(value) & (2 ** (8 * size) - 1)) >>> 0, 0, size);
  return bytes;
}

/** The values of a body, or of the fields of a header; `offset`: where in the message it begins. */
export function decode(signature: string, message: Buffer, offset: number): readonly DBusValue[] {
  const reader = new Reader(message, offset);
  return completeTypes(signature).map((type) => reader.read(type));
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  #align(to: number): void {
    this.#at = Math.ceil(this.#at / to) * to;
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw fail('internal', 'D-Bus message ends in the middle of a value');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  read(type: string): DBusValue {
    const [kind = ''] = type;
    this.#align(alignments[kind] ?? 1);
    if (kind === 'd') return this.#take(8).readDoubleLE();
    if (kind === 'h') return this.#take(4).readUInt32LE();
    const size = sizes[kind];
    if (size !== undefined) return toInteger(kind, this.#take(size));
    if (kind === 's' || kind === 'o') return this.#text(this.#take(4).readUInt32LE());
    if (kind === 'g') return this.#text(this.#take(1).readUInt8());
    if (kind === 'v') {
      const signature = textOf(this.read('g'));
      return { signature, value: this.read(signature) };
    }
    if (kind === 'a') return this.#array(type.slice(1));
    if (kind === '(' || kind === '{') return completeTypes(type.slice(1, -1)).map((each) => this.read(each));
    throw fail('internal', `D-Bus type ${type} is not among those read here`);
  }

  #text(length: number): string {
    return this.#take(length + 1)
      .subarray(0, length)
      .toString();
  }

  #array(type: string): readonly DBusValue[] | Uint8Array {
    const length = this.#take(4).readUInt32LE();
    this.#align(alignments[type[0] ?? ''] ?? 1);
    if (type === 'y') return Buffer.from(this.#take(length));
    const end = this.#at + length;
    const values: DBusValue[] = [];
    while (this.#at < end) values.push(this.read(type));
    return values;
  }
}

function toInteger(kind: string, bytes: Buffer): number | bigint | boolean {
  if (kind === 't') return bytes.readBigUInt64LE();
  if (kind === 'x') return bytes.readBigInt64LE();
  const value = bytes.readUIntLE(0, bytes.length);
  if (kind === 'b') return value !== 0;
  if (kind === 'i') return value | 0;
  return kind === 'n' ? (value << 16) >> 16 : value;
}
