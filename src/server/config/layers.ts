import { messageOf, fail } from '../../base/errors.ts';
import { parse, TomlError } from 'smol-toml';
import { configTree } from './tree.ts';
import type { Setting } from './tree.ts';

/** One source of settings: a file, a flag, or what is built in. */
export interface Layer {
  /** How messages name it: a path, or the flag as typed. */
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Merged {
  /** Keys as in Config. */
  readonly data: Record<string, unknown>;
  /** Dotted path as in the file → source that set it last. */
  readonly sources: Map<string, string>;
  /** One message for each key that is no setting. */
  readonly refused: string[];
}

/** Lays the layers over each other: tables are merged, all else is replaced by the later one. */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const merged: Merged = { data: {}, sources: new Map(), refused: [] };
  for (const layer of layers) mergeTable({ merged, source: layer.source }, configTree(), [], layer.data, merged.data);
  return merged;
}

interface Merging {
  readonly merged: Merged;
  readonly source: string;
}

function mergeTable(
  to: Merging,
  setting: Setting,
  path: readonly string[],
  from: Readonly<Record<string, unknown>>,
  into: Record<string, unknown>,
): void {
  for (const [name, value] of Object.entries(from)) {
    const here = [...path, name];
    const dotted = here.join('.');
    const child = childOf(setting, name);
    if (child === undefined) {
      to.merged.refused.push(`${to.source}: ${dotted}: unknown setting; ${known(setting, path)}`);
      continue;
    }
    to.merged.sources.set(dotted, to.source);
    const before = Object.hasOwn(into, child.key) ? into[child.key] : undefined;
    if (child.setting.kind === 'value' || !isTable(value)) {
      define(into, child.key, value);
    } else {
      const table = isTable(before) ? before : {};
      define(into, child.key, table);
      mergeTable(to, child.setting, here, value, table);
    }
  }
}

function childOf(setting: Setting, name: string): { readonly key: string; readonly setting: Setting } | undefined {
  if (setting.kind === 'table') return setting.fields.get(name);
  return setting.kind === 'record' ? { key: name, setting: setting.entry } : undefined;
}

function known(setting: Setting, path: readonly string[]): string {
  const where = path.length === 0 ? 'outside the sections' : `in [${path.join('.')}]`;
  return setting.kind === 'table' ? `known ${where}: ${[...setting.fields.keys()].join(', ')}` : '';
}

/** `__proto__` is a key like any other: plain assignment would change the prototype. */
function define(into: object, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A TOML text. Errors: `invalid_argument` naming source, line and column. */
export function parseLayer(source: string, text: string): Layer {
  try {
    return { source, data: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = messageOf(error).split('\n');
    throw fail('invalid_argument', `${source}:${error.line}:${error.column}: not TOML: ${reason}`, error);
  }
}
