import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { errnoOf, fail, messageOf } from '../../base/errors.ts';
import { plainTrust } from './http.ts';
import type { TlsSettings } from './http.ts';
import { isLoopback } from './loopback.ts';

/** What a host may be asked for. */
export type Capability = 'pull' | 'resolve';

/** One place to ask for a registry's images, in the order of trying. */
export interface Endpoint {
  /** Base of the API with `/v2` (or what override_path says), without a trailing slash. */
  readonly base: URL;
  readonly capabilities: ReadonlySet<Capability>;
  readonly tls: TlsSettings;
  readonly headers: Readonly<Record<string, string>>;
  /** The registry itself, not a mirror: the user's credentials are meant for it. */
  readonly upstream: boolean;
  /** Milliseconds for a connection to it; undefined: as long as for an answer. */
  readonly connectMs: number | undefined;
}

export interface RegistryOptions {
  /** `HOST/hosts.toml` lie here; one that is absent configures nothing. */
  readonly certsDir: string;
  /** `host` or `host:port` to speak plain HTTP with; loopback addresses always are. */
  readonly plainHttpHosts: readonly string[];
}

const durationGrammar = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m)$/;
const strings = z.union([z.string(), z.array(z.string())]);
const hostFields = {
  capabilities: z.array(z.string()).optional(),
  ca: strings.optional(),
  client: z.union([z.string(), z.array(z.union([z.string(), z.array(z.string())]))]).optional(),
  skip_verify: z.boolean().optional(),
  override_path: z.boolean().optional(),
  dial_timeout: z.string().regex(durationGrammar, 'must be a time such as "5s" or "500ms"').optional(),
  header: z.record(z.string(), strings).optional(),
};
const hostSchema = z.object(hostFields);
const fileSchema = z.object({
  ...hostFields,
  server: z.string().optional(),
  host: z.record(z.string(), hostSchema).optional(),
});
type HostTable = z.infer<typeof hostSchema>;

/**
 * The endpoints for a registry: the mirrors of its hosts.toml in their order, then the registry itself.
 * Read anew for each pull, so that a change needs no restart. The format is containerd's (docs/hosts.md there).
 * Errors: `failed_precondition` naming the file and what is wrong in it.
 */
export async function endpointsOf(registry: string, options: RegistryOptions): Promise<readonly Endpoint[]> {
  const found = await readHosts(registry, options.certsDir);
  if (found === undefined) return [await endpoint(defaultServer(registry, options, false), {}, undefined, true)];
  const { file, directory, table } = found;
  try {
    const mirrors = Object.entries(table.host ?? {}).map(([url, host]) => endpoint(url, host, directory, false));
    const server = endpoint(table.server ?? defaultServer(registry, options, speaksTls(table)), table, directory, true);
    return await Promise.all([...mirrors, server]);
  } catch (error) {
    throw fail('failed_precondition', `${file}: ${messageOf(error)}`, error);
  }
}

interface FoundHosts {
  readonly file: string;
  /** What relative paths in it start from. */
  readonly directory: string;
  readonly table: z.infer<typeof fileSchema>;
}

/** `127.0.0.1:5000` → the names that a directory for it may have, the most particular first. */
const directoryNames = (registry: string) => [registry, registry.replace(/:([0-9]+)$/, '_$1_'), '_default'];

async function readHosts(registry: string, certsDir: string): Promise<FoundHosts | undefined> {
  for (const name of directoryNames(registry)) {
    const directory = join(certsDir, name);
    const file = join(directory, 'hosts.toml');
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw fail('failed_precondition', `${file}: ${messageOf(error)}`, error);
    });
    if (text !== undefined) return { file, directory, table: parseHosts(text, file) };
    const table = await dockerStyle(directory);
    if (table !== undefined) return { file: directory, directory, table };
  }
  return undefined;
}

function parseHosts(text: string, file: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw fail('failed_precondition', `${file} cannot be read: ${why}`, error);
  }
}

/** Docker's older form: `*.crt` are authorities, `NAME.cert` and `NAME.key` a client's pair. */
async function dockerStyle(directory: string): Promise<HostTable | undefined> {
  const names = await readdir(directory).catch(() => []);
  const ca = names.filter((name) => name.endsWith('.crt'));
  const pairs = names.filter((name) => name.endsWith('.cert')).map((name) => [name, name.replace(/cert$/, 'key')]);
  return ca.length + pairs.length > 0 ? { ca, client: pairs } : undefined;
}

/** Whoever is given certificates speaks TLS, on loopback too. */
const speaksTls = ({ ca, client, skip_verify: unverified }: HostTable) =>
  ca !== undefined || client !== undefined || unverified === true;

function defaultServer(registry: string, options: RegistryOptions, tls: boolean): string {
  if (registry === 'docker.io') return 'https://registry-1.docker.io';
  const host = new URL(`http://${registry}`).hostname;
  const plain = (isLoopback(host) && !tls) || options.plainHttpHosts.some((name) => name === registry || name === host);
  return `${plain ? 'http' : 'https'}://${registry}`;
}

async function endpoint(
  address: string,
  table: HostTable,
  directory: string | undefined,
  upstream: boolean,
): Promise<Endpoint> {
  const base = new URL(address.includes('://') ? address : `https://${address}`);
  if (base.protocol !== 'http:' && base.protocol !== 'https:')
    throw new Error(`${address} is not an http or https address`);
  const path = base.pathname.replace(/\/+$/, '');
  base.pathname = table.override_path === true || path.endsWith('/v2') ? path : `${path}/v2`;
  const named = table.capabilities ?? ['pull', 'resolve'];
  return {
    base,
    capabilities: new Set((['pull', 'resolve'] as const).filter((capability) => named.includes(capability))),
    tls: await tlsSettings(table, directory),
    headers: Object.fromEntries(
      Object.entries(table.header ?? {}).map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]),
    ),
    upstream,
    connectMs: table.dial_timeout === undefined ? undefined : milliseconds(table.dial_timeout),
  };
}

function milliseconds(text: string): number {
  const [, count, unit] = durationGrammar.exec(text) ?? [];
  return Number(count) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000);
}

async function tlsSettings(table: HostTable, directory: string | undefined): Promise<TlsSettings> {
  if (directory === undefined) return plainTrust;
  const read = (path: string) => readFile(isAbsolute(path) ? path : join(directory, path), 'utf8');
  const pairs = typeof table.client === 'string' ? [table.client] : (table.client ?? []);
  return {
    ca: await Promise.all([table.ca ?? []].flat().map(read)),
    clients: await Promise.all(
      pairs.map(async (pair) => {
        const [cert, key] = typeof pair === 'string' ? [pair, pair] : [pair[0] ?? '', pair[1] ?? pair[0] ?? ''];
        return { cert: await read(cert), key: await read(key) };
      }),
    ),
    skipVerify: table.skip_verify ?? false,
  };
}
