import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { fail, messageOf } from '../../../base/errors.ts';
import type { RunWish } from '../../control/containers/run-order.ts';

type Mount = NonNullable<RunWish['mounts']>[number];
type Port = NonNullable<RunWish['ports']>[number];

const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512m`, `1.5g`, bytes. Errors: `invalid_argument`, as with all of these. */
export function bytesOf(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmgt]?)b?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * (units[unit.toLowerCase()] ?? 1));
  if (number === '' || !Number.isSafeInteger(bytes)) throw wrong(flag, text, 'give bytes, or 512k, 512m, 2g');
  return bytes;
}

export function numberOf(flag: string, text: string, hint: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw wrong(flag, text, hint);
  return number;
}

/** `[IP:]HOSTPORT:PORT[/PROTOCOL]`, also of ranges of the same length. */
export function portsOf(text: string): readonly Port[] {
  const hint = 'give HOSTPORT:PORT, 127.0.0.1:8080:80 or 53:53/udp';
  const [, address = '', protocol = 'tcp'] = /^(.*?)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  if (/^\d+$/.test(address)) throw wrong('--publish', text, `no host port is chosen for you: -p 8080:${address}`);
  const [, ip = '', host = '', container = ''] = /^(?:(.+):)?([\d-]+):([\d-]+)$/.exec(address) ?? [];
  const hostIp = ip.replace(/^\[|\]$/g, '');
  if (hostIp !== '' && isIP(hostIp) === 0) throw wrong('--publish', text, hint);
  const [hosts, inside] = [rangeOf(host), rangeOf(container)];
  if (hosts === undefined || inside?.length !== hosts.length) throw wrong('--publish', text, hint);
  return hosts.map((hostPort, at) => ({
    protocol: protocol as Port['protocol'],
    ...{ containerPort: inside[at] ?? 0, hostPort, hostIp },
  }));
}

function rangeOf(text: string): readonly number[] | undefined {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from < 1 || to > 65_535 || to < from) return undefined;
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

const propagations: ReadonlySet<string> = new Set(['private', 'rslave', 'rshared']);

/** `PATH:PATH[:ro]`; a source that is no path is the name of a volume. */
export function mountOf(text: string): Mount {
  const [source = '', target = '', options = '', more] = text.split(':');
  const hint = 'give /path/here:/path/inside or NAME:/path/inside, with :ro to only read';
  if (more !== undefined || source === '' || !target.startsWith('/')) throw wrong('--volume', text, hint);
  const words = options.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => word !== 'ro' && word !== 'rw' && !propagations.has(word));
  if (unknown !== undefined)
    throw wrong('--volume', text, `${unknown} is no option here; ro, rw, rslave and rshared are`);
  const propagation = words.find((word) => propagations.has(word)) ?? 'private';
  return {
    ...(/^[./]/.test(source) ? { source: resolve(source) } : { volume: source }),
    ...{ target, readonly: words.includes('ro') },
    propagation: propagation as Mount['propagation'],
  };
}

/** `NAME=value`; a bare name takes the value that it has here, or nothing where it has none. */
export function envOf(entries: readonly string[], here: Readonly<Record<string, string | undefined>>): string[] {
  return entries.flatMap((entry) => {
    if (entry === '' || entry.startsWith('='))
      throw wrong('--env', entry, 'give NAME=value, or a NAME that is set here');
    if (entry.includes('=')) return [entry];
    const value = here[entry];
    return value === undefined ? [] : [`${entry}=${value}`];
  });
}

/** A file of such lines; those that are empty or begin with # count for nothing. */
export async function envFileOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fail('not_found', `--env-file ${file}: ${messageOf(error)}`, error);
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export function labelsOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

export function networkOf(text: string): NonNullable<RunWish['network']> {
  const known = { host: 'node', none: 'none', bridge: 'pod', default: 'pod', pod: 'pod' } as const;
  if (Object.hasOwn(known, text)) return known[text as keyof typeof known];
  throw wrong('--network', text, 'bridge, host or none; networks with a name are the work of CNI (docs/cni.md)');
}

export const wrong = (flag: string, text: string, hint: string) =>
  fail('invalid_argument', `${flag} ${JSON.stringify(text)}: ${hint}`);
