import type { Loggable } from '../../../api/cri/v1/redacted.ts';

/** Limits of what one log line shows of a request: characters, items, nesting. */
const maxText = 200;
const maxItems = 12;
const maxDepth = 6;

/**
 * A request cut to what a log line can bear. Values that equal unset in proto3 are left out. Of annotations
 * only the keys are shown: kubectl copies whole manifests, environments with them, into one.
 */
export function shorten(value: Loggable, depth = 0): Loggable {
  if (typeof value === 'string') return cutText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === maxDepth) return '…';
  if (isList(value)) return cutList(value, depth);
  const entries = Object.entries(value).filter(([, field]) => !isUnset(field));
  const shown = entries.slice(0, maxItems * 4).map(([key, field]): [string, Loggable] => {
    if (key === 'annotations' && typeof field === 'object' && field !== null)
      return [key, shorten(Object.keys(field), depth + 1)];
    return [key, shorten(field, depth + 1)];
  });
  return Object.fromEntries(shown);
}

function cutText(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}… (${text.length - maxText} more)`;
}

function cutList(list: readonly Loggable[], depth: number): Loggable {
  const shown = list.slice(0, maxItems).map((item) => shorten(item, depth + 1));
  return list.length <= maxItems ? shown : [...shown, `… (${list.length - maxItems} more)`];
}

function isUnset(value: Loggable): boolean {
  if (value === null || value === '' || value === 0 || value === false || value === '0') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function isList(value: Loggable): value is readonly Loggable[] {
  return Array.isArray(value);
}
