/** Longest text of a call of `text`, in UTF-16 units, times the bytes that each may take. */
const bytesPerUnit = 3;

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
