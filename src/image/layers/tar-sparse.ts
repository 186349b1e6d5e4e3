import { fail } from '../../base/errors.ts';
import { parsePaxNumber } from './tar-pax.ts';

/** A run of bytes of a sparse file that the archive holds; what lies between two is a hole. */
export interface SparseRegion {
  readonly offset: number;
  readonly length: number;
}

/** Where the data of a sparse member belongs, and how long the file is. */
export interface SparseMap {
  readonly size: number;
  readonly regions: readonly SparseRegion[];
}

/** More holes than any file has that somebody archives. */
const maxRegions = 100_000;

/** Errors: `invalid_argument` unless the regions follow each other within `size` and hold `stored` bytes. */
export function checkedMap(size: number, regions: readonly SparseRegion[], stored: number): SparseMap {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of regions) {
    if (offset < end || !Number.isSafeInteger(offset + length)) throw bad();
    end = offset + length;
    sum += length;
  }
  if (end > size || sum !== stored) throw bad();
  return { size, regions: regions.filter(({ length }) => length > 0) };
}

/** `0,512,4096,512`, as PAX 0.1 has it (and 0.0, once its records are put together). */
export function parseSparseList(text: string): readonly SparseRegion[] {
  return pairs(text === '' ? [] : text.split(',').map(parsePaxNumber));
}

/**
 * The map at the head of the data of PAX 1.0: decimal numbers a line, how many regions first, filled up to a block.
 * It is fed block by block.
 */
export class SparseHead {
  /** Bytes taken so far. */
  length = 0;
  readonly #numbers: number[] = [];
  #rest = '';

  /** The regions once the map is whole. Errors: `invalid_argument`. */
  take(block: Buffer): readonly SparseRegion[] | undefined {
    this.length += block.length;
    const lines = (this.#rest + block.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [count] = this.#numbers;
      if (count !== undefined && this.#numbers.length === 1 + 2 * count) break;
      this.#numbers.push(parsePaxNumber(line));
      checkRegionCount(this.#numbers[0] ?? 0);
    }
    const [count] = this.#numbers;
    if (count === undefined) throw bad();
    return this.#numbers.length === 1 + 2 * count ? pairs(this.#numbers.slice(1)) : undefined;
  }
}

function pairs(numbers: readonly number[]): readonly SparseRegion[] {
  if (numbers.length % 2 !== 0) throw bad();
  checkRegionCount(numbers.length / 2);
  const regions: SparseRegion[] = [];
  for (let at = 0; at < numbers.length; at += 2)
    regions.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  return regions;
}

/** Errors: `invalid_argument` for more regions than any map has. */
export function checkRegionCount(count: number): void {
  if (count > maxRegions) throw bad();
}

const bad = () => fail('invalid_argument', 'layer has a sparse member with a damaged map');
