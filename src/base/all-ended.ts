/**
 * `Promise.all` for work that leaves something behind: where one fails it throws only once all the others have ended,
 * so that what undoes them does not meet one that is still at it. Errors: that of the first in the list that failed.
 */
export async function allEnded<T extends readonly unknown[]>(
  works: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
