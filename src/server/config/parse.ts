import type { z } from 'zod';
import { join } from 'node:path';
import { fail } from '../../base/errors.ts';
import { mergeLayers } from './layers.ts';
import type { Layer, Merged } from './layers.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';
import { builtInUlimits } from './sections/containers.ts';
import { builtInRuntimes } from './sections/runtimes.ts';
import { snakeCase } from './tree.ts';

const builtIn: Layer = { source: 'built in', data: { runtimes: builtInRuntimes, ulimits: builtInUlimits } };

/**
 * The configuration that these layers make, the later over the earlier. Errors: `invalid_argument` with one
 * line for every setting that is wrong: where it was set, its key, its value, what is allowed.
 */
export function parseConfig(layers: readonly Layer[]): Config {
  const merged = mergeLayers([builtIn, ...layers]);
  const result = configSchema.safeParse(merged.data, { error: explain });
  const wrong = [...merged.refused, ...(result.error?.issues ?? []).map((issue) => describeIssue(issue, merged))];
  if (wrong.length > 0 || result.data === undefined) throw fail('invalid_argument', wrong.join('\n'));
  return settle(result.data);
}

/** Gives a value to what follows from other settings. */
function settle(config: Config): Config {
  const runtimes = Object.entries(config.runtimes).map(([name, runtime]) => [
    name,
    { ...runtime, root: runtime.root === '' ? join(config.state, 'runtimes', name) : runtime.root },
  ]);
  return {
    ...config,
    socket: config.socket === '' ? join(config.state, 'cricket.sock') : config.socket,
    runtimes: Object.fromEntries(runtimes) as Config['runtimes'],
  };
}

function describeIssue(issue: z.core.$ZodIssue, merged: Merged): string {
  const path = issue.path.map(String);
  const key = path.map(snakeCase).join('.');
  const value = path.reduce<unknown>(
    (table, part) =>
      typeof table === 'object' && table !== null ? (table as Record<string, unknown>)[part] : undefined,
    merged.data,
  );
  const shown = value === undefined ? `${key}: is missing and` : `${key} = ${shorten(value)}:`;
  return `${sourceOf(key, merged)}${shown} ${issue.message}`;
}

/** A setting that is missing, or was refused whole, is told by the nearest table that a source has set. */
function sourceOf(key: string, merged: Merged): string {
  for (let path = key; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('.'), 0))) {
    const source = merged.sources.get(path);
    if (source !== undefined) return `${source}: `;
  }
  return '';
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list such as ["a", "b"]',
  object: 'a table',
  record: 'a table',
};

/** Words for what a schema has none of its own for. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'invalid_key') return `name not allowed: ${issue.issues.map((inner) => inner.message).join(', ')}`;
  return undefined;
}
