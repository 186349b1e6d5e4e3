/** Longest text of a call of `text`, in UTF-16 units, times the bytes that each may take. */
const bytesPerUnit = 3;
/** What a double or a 64-bit number takes as text, and more. */
const mostDigits = 32;
const groupDigits = 9;
const group = 10 ** groupDigits;
const zero = '0'.charCodeAt(0);
const lineEnd = '\n'.charCodeAt(0);

/** Text that grows in one buffer: megabytes of short strings would be garbage before they are joined. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** `expected`: bytes there will be, about. */
  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(expected, 4096));
  }

  get length(): number {
    return this.#length;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(text: string): void {
    this.#reserve(text.length * bytesPerUnit);
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** A line of parts and a number behind them: there are tens of thousands, so no text is made of whole numbers. */
  line(parts: readonly [Uint8Array, Uint8Array, Uint8Array], value: number | bigint): void {
    const [first, second, third] = parts;
    this.#reserve(first.length + second.length + third.length + mostDigits);
    this.#copy(first);
    this.#copy(second);
    this.#copy(third);
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER && value % 1 === 0)
      this.#whole(value);
    else this.#length += this.#buffer.write(String(value), this.#length, 'latin1');
    this.#buffer[this.#length++] = lineEnd;
  }

  #copy(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** In groups that fit into 32 bits. */
  #whole(value: number): void {
    if (value < group) {
      this.#digits(value, value < 10 ? 1 : Math.floor(Math.log10(value)) + 1);
      return;
    }
    const above = Math.floor(value / group);
    this.#whole(above);
    this.#digits(value - above * group, groupDigits);
  }

  #digits(value: number, count: number): void {
    const end = this.#length + count;
    let rest = value;
    for (let at = end - 1; at >= this.#length; at--) {
      const less = Math.trunc(rest / 10);
      this.#buffer[at] = zero + rest - less * 10;
      rest = less;
    }
    this.#length = end;
  }

  /** Forgets what was written since it had this length. */
  rewind(length: number): void {
    this.#length = length;
  }

  /** All of it, in the buffer that it was written to: nobody else has that, and the writer is at its end. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#buffer.buffer, 0, this.#length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + more));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
