/** Objects per message of a stream: far below any message limit, large enough to cost nothing. */
const chunkSize = 64;

/** A list in parts; an empty one gives no message at all, only the end of the stream. */
export function* inChunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += chunkSize) yield all.slice(start, start + chunkSize);
}
