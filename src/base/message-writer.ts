const varintWire = 0;
const fixed64Wire = 1;
const bytesWire = 2;

/** 2^28: four groups of seven bits, and a number that bit operations can take. */
const fourGroups = 0x1000_0000;
/** Bytes that any number with its tag takes at most. */
const most = 16;

/**
 * Writes protobuf messages (protobuf.dev, "Encoding") into one buffer: of hundreds of containers with twenty numbers each,
 * objects and big integers would cost more than the numbers. Fields at their default are left out, as proto3 has it.
 * Numbers are whole, not negative, and doubles.
 */
export class MessageWriter {
  #bytes: Buffer;
  #at = 0;

  /** `expected`: bytes there will be, about. */
  constructor(expected = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(expected, most));
  }

  get length(): number {
    return this.#at;
  }

  /** uint64, int64, uint32, int32, an enum. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(most);
    this.#tag(field, varintWire);
    this.#varint(value);
  }

  /** A UInt64Value of CRI: a message of one number. None where there is no number. */
  value(field: number, value: number | undefined): void {
    if (value === undefined) return;
    this.#reserve(most + 2);
    this.#tag(field, bytesWire);
    const length = this.#at++;
    const begin = this.#at;
    if (value !== 0) {
      this.#tag(1, varintWire);
      this.#varint(value);
    }
    this.#bytes[length] = this.#at - begin;
  }

  /** Microseconds since 1970 as the nanoseconds that CRI wants, which a double cannot hold. */
  nanoseconds(field: number, micros: number): void {
    this.#reserve(most);
    this.#tag(field, varintWire);
    const above = Math.floor(micros / fourGroups);
    const low = (micros - above * fourGroups) * 1000;
    const carry = Math.floor(low / fourGroups);
    this.#groups(low - carry * fourGroups, above * 1000 + carry);
  }

  double(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(most);
    this.#tag(field, fixed64Wire);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  text(field: number, text: string): void {
    if (text === '') return;
    this.#element(field, text);
  }

  /** One of a repeated field: an empty one counts too. */
  element(field: number, text: string): void {
    this.#element(field, text);
  }

  #element(field: number, text: string): void {
    this.#reserve(most + text.length * 3);
    const begin = this.open(field);
    this.#at += this.#bytes.write(text, this.#at);
    this.close(begin);
  }

  /** A map of texts. */
  map(field: number, entries: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(entries)) {
      const begin = this.open(field);
      this.text(1, key);
      this.text(2, value);
      this.close(begin);
    }
  }

  /** A message, or several, written before. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A message in a field, until `close` of what this gives back. */
  open(field: number): number {
    this.#reserve(most);
    this.#tag(field, bytesWire);
    // Its length goes before it: one byte is most often enough.
    return ++this.#at;
  }

  close(begin: number): void {
    const length = this.#at - begin;
    if (length > 0x7f) {
      const more = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : length < 1 << 28 ? 3 : 4;
      this.#reserve(more);
      this.#bytes.copyWithin(begin + more, begin, this.#at);
      this.#at = begin - 1;
      this.#varint(length);
      this.#at += length;
    } else this.#bytes[begin - 1] = length;
  }

  /** All of it, with a buffer of its own. */
  take(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer.slice(this.#bytes.byteOffset, this.#bytes.byteOffset + this.#at));
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    const above = Math.floor(value / fourGroups);
    this.#groups(value - above * fourGroups, above);
  }

  /** `low` + `above` * 2^28, the low seven bits first. */
  #groups(low: number, above: number): void {
    const bytes = this.#bytes;
    let rest = low;
    for (let group = 0; group < 4; group++) {
      if (above === 0 && rest < 0x80) {
        bytes[this.#at++] = rest;
        return;
      }
      bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#varint(above);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + more));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
