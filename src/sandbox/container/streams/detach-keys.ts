import { fail } from '../../../base/errors.ts';

/**
 * `ctrl-p,ctrl-q` as the bytes a terminal sends: single characters and `ctrl-` with a letter or one of `@[\]^_`,
 * separated by commas, as Docker spells them. Empty: none. Errors: `invalid_argument` for anything else.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array();
  return Uint8Array.from(text.split(','), (key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 0x40;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw fail('invalid_argument', `detach keys ${JSON.stringify(text)}: ${JSON.stringify(key)} is no key`);
  });
}

/** Finds the keys in what a person types, over the borders of chunks. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes on to the process: keys that began well are held back until the next one decides. */
  feed(chunk: Buffer): { readonly through: Buffer; readonly detached: boolean } {
    const keys = this.#keys;
    if (keys.length === 0 || (this.#matched === 0 && !chunk.includes(keys[0] ?? 0)))
      return { through: chunk, detached: false };
    const through: number[] = [];
    for (const byte of chunk) {
      while (this.#matched > 0 && byte !== keys[this.#matched]) through.push(...this.#shift());
      if (byte !== keys[this.#matched]) through.push(byte);
      else if (++this.#matched === keys.length) {
        this.#matched = 0;
        return { through: Buffer.from(through), detached: true };
      }
    }
    return { through: Buffer.from(through), detached: false };
  }

  /** Lets go of as much of the beginning as is needed for the rest to be a beginning again. */
  #shift(): Uint8Array {
    const held = this.#keys.subarray(0, this.#matched);
    let drop = 1;
    while (!held.subarray(drop).every((byte, at) => byte === this.#keys[at])) drop++;
    this.#matched -= drop;
    return held.subarray(0, drop);
  }

  /** What was held back when no more comes. */
  rest(): Buffer {
    const held = Buffer.from(this.#keys.subarray(0, this.#matched));
    this.#matched = 0;
    return held;
  }
}
