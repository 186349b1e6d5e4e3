import { fail } from '../../base/errors.ts';
import type { CricketEvent } from './event.ts';

type Test = (event: CricketEvent, wanted: string) => boolean;

/** What may stand before the `=` of a filter. */
const tests: Readonly<Record<string, Test>> = {
  container: ({ container }, wanted) =>
    container !== undefined && (container.name === wanted || beginsId(container.id, wanted)),
  pod: ({ pod }, wanted) =>
    pod !== undefined && (pod.name === wanted || `${pod.namespace}/${pod.name}` === wanted || beginsId(pod.id, wanted)),
  namespace: ({ pod }, wanted) => pod?.namespace === wanted,
  type: ({ type }, wanted) => type === wanted,
  event: ({ action }, wanted) => action === wanted,
  image: ({ image }, wanted) => image !== undefined && (image === wanted || withoutTag(image) === wanted),
};

/** Shorter beginnings would be taken for names too often. */
const leastId = 6;
const beginsId = (id: string, wanted: string) => wanted.length >= leastId && id.startsWith(wanted);
const withoutTag = (image: string) => image.replace(/(@sha256:[0-9a-f]+|:[^:/]*)$/, '');

/**
 * Filters as docker's: those of one key are alternatives, all keys must fit. Errors: `invalid_argument` naming the keys
 * there are.
 */
export function parseFilters(texts: readonly string[]): (event: CricketEvent) => boolean {
  const wanted = new Map<string, string[]>();
  for (const text of texts) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (!Object.hasOwn(tests, key) || value === '')
      throw fail(
        'invalid_argument',
        `filter ${JSON.stringify(text)}: use KEY=VALUE with ${Object.keys(tests).join(', ')}`,
      );
    wanted.set(key, [...(wanted.get(key) ?? []), value]);
  }
  return (event) => [...wanted].every(([key, values]) => values.some((value) => tests[key]?.(event, value)));
}
