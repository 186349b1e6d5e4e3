import { fail } from '../../../base/errors.ts';
import { checkText } from './text.ts';
import type { SpecInput } from './input.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type EnvironmentInput = Pick<SpecInput, 'id' | 'hostname' | 'terminal' | 'imageEnv' | 'env'>;

/**
 * PATH, HOSTNAME and, on a terminal, TERM; over them the image's, over those the container's. A name keeps
 * its first place. A line of an image without `=` or without a name sets nothing and is left out.
 */
export function environment(input: EnvironmentInput): readonly string[] {
  const values = new Map([
    ['PATH', defaultPath],
    ['HOSTNAME', input.hostname],
  ]);
  if (input.terminal) values.set('TERM', 'xterm');
  for (const entry of input.imageEnv) set(values, input.id, entry);
  for (const entry of input.env)
    if (!set(values, input.id, entry))
      throw fail('invalid_argument', `container ${input.id}: environment entry ${JSON.stringify(entry)} has no name`);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** Entries `NAME=value` over others: a name keeps its first place and has its last value. */
export function environmentWith(before: readonly string[], more: readonly string[]): readonly string[] {
  const nameOf = (entry: string) => entry.slice(0, entry.indexOf('='));
  return [...new Map([...before, ...more].map((entry) => [nameOf(entry), entry])).values()];
}

function set(values: Map<string, string>, id: string, entry: string): boolean {
  const equals = entry.indexOf('=');
  if (equals <= 0) return false;
  const name = entry.slice(0, equals);
  checkText(id, `environment variable ${JSON.stringify(name)}`, entry);
  values.set(name, entry.slice(equals + 1));
  return true;
}
