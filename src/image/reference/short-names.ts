import { hasRegistry, parseReference } from './parse.ts';
import type { ImageReference } from './parse.ts';

/** What a name may mean: itself where it names a registry, else one reference in each that is searched, in order. */
export function candidatesOf(text: string, searchRegistries: readonly string[]): readonly ImageReference[] {
  // Whatever is wrong with it is told of the text as it was written.
  const whole = parseReference(text);
  if (hasRegistry(text) || searchRegistries.length === 0) return [whole];
  return searchRegistries.map((registry) => parseReference(`${registry}/${text}`));
}
