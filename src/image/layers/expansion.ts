import { fail } from '../../base/errors.ts';
import { demandSpace } from '../space.ts';

/** Bytes between two looks at the space that is left. */
const spaceInterval = 32 << 20;
/** Bytes up to which no expansion is too much: a few empty blocks make any ratio. */
const freeExpansion = 1 << 30;

/**
 * Counts the bytes that come out of so many compressed ones. Errors: `resource_exhausted` when they are more than
 * `maxExpansion` times as many and more than 1 GiB, or when the disk of `path`, which they go to, gets full.
 */
export class Expansion {
  readonly #path: string;
  readonly #most: number;
  readonly #refusal: string;
  #bytes = 0;

  constructor(path: string, compressedBytes: number, maxExpansion: number) {
    this.#path = path;
    this.#most = Math.max(freeExpansion, compressedBytes * maxExpansion);
    this.#refusal = `expands to more than ${maxExpansion} times its size`;
  }

  /** So many more bytes. `what` they are of is for the error. */
  count(bytes: number, what: string): void {
    if (this.#bytes % spaceInterval < bytes) demandSpace(this.#path);
    this.#bytes += bytes;
    if (this.#bytes > this.#most) throw fail('resource_exhausted', `${what} ${this.#refusal}`);
  }
}
