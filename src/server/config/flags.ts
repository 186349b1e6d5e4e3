import { fail } from '../../base/errors.ts';
import { parse } from 'smol-toml';
import { configTree } from './tree.ts';
import type { Setting } from './tree.ts';
import type { Layer } from './layers.ts';

/**
 * `--set log.level=debug` as a layer. The value is read as TOML where the setting is no text, and taken as it
 * is where it is one. Errors: `invalid_argument` for what has no key, no `=` or no readable value.
 */
export function parseSetFlag(text: string): Layer {
  const cut = text.indexOf('=');
  const source = `--set ${text}`;
  if (cut < 1) throw fail('invalid_argument', `${source}: must be key=value, such as --set log.level=debug`);
  const path = text.slice(0, cut).trim().split('.');
  return { source, data: nest(path, valueFor(path, text.slice(cut + 1), source)) };
}

/** A flag of its own for a setting (`--root DIR`) as a layer. */
export function flagLayer(flag: string, path: readonly string[], value: string): Layer {
  return { source: `${flag} ${value}`, data: nest(path, value) };
}

function nest(path: readonly string[], value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path;
  return Object.fromEntries([[first, rest.length === 0 ? value : nest(rest, value)]]);
}

function valueFor(path: readonly string[], text: string, source: string): unknown {
  const setting = find(configTree(), path);
  if (setting === undefined || (setting.kind === 'value' && setting.type === 'string')) return text;
  try {
    const parsed = parse(`value = ${text}`);
    if (Object.keys(parsed).length === 1) return parsed['value'];
  } catch {
    // told below: the parser's own words speak of a line that the user never wrote
  }
  const kind = setting.kind === 'value' ? setting.type : 'table';
  throw fail('invalid_argument', `${source}: ${path.join('.')} is a ${kind}; write its value as in TOML`);
}

function find(setting: Setting, path: readonly string[]): Setting | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return setting;
  if (setting.kind === 'value') return undefined;
  const child = setting.kind === 'table' ? setting.fields.get(first)?.setting : setting.entry;
  return child && find(child, rest);
}
