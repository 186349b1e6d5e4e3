import type { z } from 'zod';
import { fail } from '../../base/errors.ts';
import { configSchema } from './schema.ts';

/** The schema as plain data: what the printer, the loader and the reference in docs/ walk. */
export type Setting = TableSetting | RecordSetting | ValueSetting;

export interface TableSetting {
  readonly kind: 'table';
  readonly description: string;
  /** By the key of the file (snake_case). */
  readonly fields: ReadonlyMap<string, Field>;
}

export interface Field {
  /** Key in Config (camelCase). */
  readonly key: string;
  readonly setting: Setting;
}

/** A table whose keys the user chooses. */
export interface RecordSetting {
  readonly kind: 'record';
  readonly description: string;
  readonly entry: Setting;
}

export interface ValueSetting {
  readonly kind: 'value';
  /** `tables`: lists of tables by names that the user chooses. */
  readonly type: 'string' | 'number' | 'boolean' | 'list' | 'tables';
  readonly description: string;
  /** The only values there are, for a choice. */
  readonly choices: readonly string[];
  /** undefined: the setting must be given. */
  readonly defaultValue: unknown;
  /** SIGHUP puts a changed value into force; otherwise a restart does. */
  readonly reloads: boolean;
}

let tree: TableSetting | undefined;

/** The tree of the whole configuration. */
export function configTree(): TableSetting {
  if (tree === undefined) {
    const root = settingOf(configSchema);
    if (root.kind !== 'table') throw fail('internal', 'the configuration schema is not a table');
    tree = root;
  }
  return tree;
}

export const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What zod keeps about a schema, as far as the kinds of schema in sections/ go. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly valueType?: z.ZodType;
  readonly entries?: Readonly<Record<string, string>>;
}

/** What the outer layers of a schema say of the inner ones. */
interface Outer {
  readonly description: string;
  readonly defaultValue: unknown;
  readonly reloads: boolean;
}

function settingOf(
  schema: z.ZodType,
  outer: Outer = { description: '', defaultValue: undefined, reloads: false },
): Setting {
  const definition = schema.def as unknown as Definition;
  const description = outer.description === '' ? (schema.description ?? '') : outer.description;
  const reloads = outer.reloads || schema.meta()?.['reloads'] === true;
  const { defaultValue } = outer;
  switch (definition.type) {
    case 'default':
    case 'prefault':
      if (definition.innerType === undefined) break;
      return settingOf(definition.innerType, { description, defaultValue: definition.defaultValue, reloads });
    case 'object': {
      const entries = Object.entries(definition.shape ?? {});
      const fields = new Map(entries.map(([key, field]) => [snakeCase(key), { key, setting: settingOf(field) }]));
      return { kind: 'table', description, fields };
    }
    case 'record':
      if (definition.valueType === undefined) break;
      if (definition.valueType.def.type === 'array')
        return { kind: 'value', type: 'tables', description, choices: [], defaultValue, reloads };
      return { kind: 'record', description, entry: settingOf(definition.valueType) };
    case 'enum':
      return {
        kind: 'value',
        type: 'string',
        description,
        choices: Object.keys(definition.entries ?? {}),
        defaultValue,
        reloads,
      };
    case 'array':
      return { kind: 'value', type: 'list', description, choices: [], defaultValue, reloads };
    case 'string':
    case 'number':
    case 'boolean':
      return { kind: 'value', type: definition.type, description, choices: [], defaultValue, reloads };
  }
  throw fail('internal', `the configuration schema holds a ${definition.type}, which cannot be printed`);
}
