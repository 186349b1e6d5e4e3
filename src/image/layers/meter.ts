/** Milliseconds after which a reader looks again, should a waking have been lost. */
const lookAgainMs = 1000;
const calledOff = -1n;

/**
 * How much of a file can be read, told from the thread that writes it to the one that reads it. A negative count
 * calls the reading off.
 */
export class Meter {
  /** What the other thread gets. */
  readonly shared: BigInt64Array<SharedArrayBuffer>;

  constructor(bytes = 0) {
    this.shared = new BigInt64Array(new SharedArrayBuffer(8));
    this.grow(bytes);
  }

  get ended(): boolean {
    return Atomics.load(this.shared, 0) === calledOff;
  }

  /** So many bytes are there now. */
  grow(bytes: number): void {
    if (!this.ended) this.#set(BigInt(bytes));
  }

  end(): void {
    this.#set(calledOff);
  }

  #set(value: bigint): void {
    Atomics.store(this.shared, 0, value);
    Atomics.notify(this.shared, 0);
  }
}

/** The reader's side: bytes that are there, beyond `known`, or undefined when the reading is called off. Waits for them. */
export async function bytesBeyond(shared: BigInt64Array, known: number): Promise<number | undefined> {
  for (;;) {
    const there = Atomics.load(shared, 0);
    if (there === calledOff) return undefined;
    if (there > BigInt(known)) return Number(there);
    const { async, value } = Atomics.waitAsync(shared, 0, there, lookAgainMs);
    if (async) await value;
  }
}

export const isCalledOff = (shared: BigInt64Array): boolean => Atomics.load(shared, 0) === calledOff;
