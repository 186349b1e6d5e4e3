import { isDeepStrictEqual } from 'node:util';
import type { Config } from './schema.ts';
import { configTree } from './tree.ts';
import type { Setting } from './tree.ts';

/** Dotted keys, as in the file, of settings that differ between two configurations. */
export interface Changes {
  /** Those that SIGHUP puts into force. */
  readonly reload: readonly string[];
  /** Those that wait for a restart. */
  readonly restart: readonly string[];
}

export function changedSettings(before: Config, after: Config): Changes {
  const changes = [...differences(configTree(), before, after, [])];
  const keys = (reloads: boolean) => changes.filter((one) => one.reloads === reloads).map(({ key }) => key);
  return { reload: keys(true), restart: keys(false) };
}

interface Change {
  readonly key: string;
  readonly reloads: boolean;
}

function* differences(setting: Setting, before: unknown, after: unknown, path: readonly string[]): Generator<Change> {
  if (isDeepStrictEqual(before, after)) return;
  if (setting.kind === 'value' || before === undefined || after === undefined) {
    yield { key: path.join('.'), reloads: setting.kind === 'value' && setting.reloads };
    return;
  }
  const old = before as Readonly<Record<string, unknown>>;
  const fresh = after as Readonly<Record<string, unknown>>;
  const children: readonly (readonly [name: string, key: string, child: Setting])[] =
    setting.kind === 'table'
      ? [...setting.fields].map(([name, { key, setting: child }]) => [name, key, child])
      : [...new Set([...Object.keys(old), ...Object.keys(fresh)])].map((key) => [key, key, setting.entry]);
  for (const [name, key, child] of children) yield* differences(child, old[key], fresh[key], [...path, name]);
}
