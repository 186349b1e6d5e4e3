import { formatReference, parseReference } from './reference/parse.ts';

/**
 * Whether one of an image's names is among the pinned ones: whole references in any form, or beginnings that
 * end in `*`, with or without the default registry.
 */
export function isPinned(names: readonly string[], pinned: readonly string[]): boolean {
  return pinned.some((pattern) => {
    if (!pattern.endsWith('*')) return names.includes(normal(pattern));
    const beginning = pattern.slice(0, -1);
    const forms = [beginning, `docker.io/${beginning}`, `docker.io/library/${beginning}`];
    return names.some((name) => forms.some((form) => name.startsWith(form)));
  });
}

function normal(text: string): string {
  try {
    return formatReference(parseReference(text));
  } catch {
    return text;
  }
}
