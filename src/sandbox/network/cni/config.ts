import { z } from 'zod';
import { fail, messageOf } from '../../../base/errors.ts';
import { chooseVersion, spokenVersions } from './versions.ts';
import type { CniVersion } from './versions.ts';

/** One plugin of a chain; what else stands in `raw` is the plugin's own. */
export interface PluginConfig {
  /** Name of its program. */
  readonly type: string;
  readonly capabilities: readonly string[];
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface NetworkConfig {
  readonly name: string;
  /** The version that is spoken with its plugins. */
  readonly version: CniVersion;
  readonly disableCheck: boolean;
  readonly disableGc: boolean;
  /** Configurations in the folder named after the network are not added. */
  readonly onlyInlined: boolean;
  readonly plugins: readonly PluginConfig[];
}

/** libcni takes these as words, too. */
const flag = z
  .union([z.boolean(), z.string().regex(/^(true|false)$/i, 'must be true or false')])
  .transform((value) => value === true || String(value).toLowerCase() === 'true')
  .default(false);
const plugin = z
  .looseObject({
    // It becomes the path of a program.
    type: z.string().regex(/^(?!\.{1,2}$)[^/\\\0]+$/, 'must be the name of a plugin'),
    capabilities: z.record(z.string(), z.boolean()).default({}),
  })
  .transform(({ type, capabilities, ...rest }): PluginConfig => {
    const wanted = Object.keys(capabilities).filter((name) => capabilities[name] === true);
    return { type, capabilities: wanted, raw: { type, ...rest } };
  });
const name = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/i, 'must be letters, digits, "_", "." and "-"');
const versions = { cniVersion: z.string().default(''), cniVersions: z.array(z.string()).default([]) };
const list = z.object({
  ...versions,
  name,
  disableCheck: flag,
  disableGC: flag,
  loadOnlyInlinedPlugins: flag,
  plugins: z.array(plugin).default([]),
});
const single = z.looseObject({ ...versions, name });

/**
 * A network configuration: a list of plugins, or a single plugin, which becomes a list of one. (Specification 1.1,
 * section 1.) Errors: `failed_precondition` saying what is wrong with it.
 */
export function parseNetwork(text: string, kind: 'list' | 'single'): NetworkConfig {
  const raw = parseJson(text);
  if (kind === 'list') {
    const parsed = checked(list, raw);
    return {
      ...{ name: parsed.name, version: versionOf(parsed), plugins: parsed.plugins },
      ...{ disableCheck: parsed.disableCheck, disableGc: parsed.disableGC, onlyInlined: parsed.loadOnlyInlinedPlugins },
    };
  }
  const parsed = checked(single, raw);
  return {
    ...{ name: parsed.name, version: versionOf(parsed), plugins: [checked(plugin, raw)] },
    ...{ disableCheck: false, disableGc: false, onlyInlined: true },
  };
}

/** A plugin's configuration in a file of its own. Errors: as above. */
export const parsePlugin = (text: string): PluginConfig => checked(plugin, parseJson(text));

function versionOf(named: { readonly cniVersion: string; readonly cniVersions: readonly string[] }): CniVersion {
  const all = [named.cniVersion, ...named.cniVersions];
  const version = chooseVersion(all);
  if (version !== undefined) return version;
  throw wrong(`version ${all.filter((one) => one !== '').join(', ')} is not among ${spokenVersions.join(', ')}`);
}

function parseJson(text: string): unknown {
  try {
    // A byte order mark is no JSON, and some editors write one.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw wrong(`it is not JSON: ${messageOf(error)}`);
  }
}

function checked<T>(schema: z.ZodType<T>, raw: unknown): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not as it must be'}`);
}

const wrong = (what: string) => fail('failed_precondition', what);
