import { fail } from '../base/errors.ts';

/** The `config` of an image's configuration file (config.md of the OCI), as far as changes reach. */
export interface RunConfig {
  readonly Env?: readonly string[] | null;
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly WorkingDir?: string | null;
  readonly User?: string | null;
  readonly StopSignal?: string | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Volumes?: Readonly<Record<string, object>> | null;
  readonly ExposedPorts?: Readonly<Record<string, object>> | null;
}

/**
 * The configuration after one instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME,
 * WORKDIR. Errors: `invalid_argument` for another.
 */
export function changed(config: RunConfig, instruction: string): RunConfig {
  const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+([^]*?)\s*$/.exec(instruction) ?? [];
  const name = word.toUpperCase();
  switch (name) {
    case 'CMD':
      return { ...config, Cmd: commandOf(instruction, rest) };
    case 'ENTRYPOINT':
      // As of a Dockerfile: the arguments were meant for the one before.
      return { ...config, Entrypoint: commandOf(instruction, rest), Cmd: null };
    case 'ENV':
      return { ...config, Env: withEnv(config.Env ?? [], pairsOf(instruction, rest)) };
    case 'LABEL':
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(instruction, rest)) } };
    case 'EXPOSE':
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...keysOf(rest.split(/\s+/).map(portOf)) } };
    case 'VOLUME':
      return { ...config, Volumes: { ...config.Volumes, ...keysOf(listOf(instruction, rest) ?? rest.split(/\s+/)) } };
    case 'USER':
      return { ...config, User: rest };
    case 'STOPSIGNAL':
      return { ...config, StopSignal: rest };
    case 'WORKDIR':
      return { ...config, WorkingDir: rest.startsWith('/') ? rest : `${config.WorkingDir ?? ''}/${rest}` };
    default:
      throw wrong(
        instruction,
        'give CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR with what follows it',
      );
  }
}

const keysOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
const portOf = (text: string) => (text.includes('/') ? text : `${text}/tcp`);

/** `["a", "b"]`; anything else is for a shell. */
function commandOf(instruction: string, text: string): readonly string[] {
  return listOf(instruction, text) ?? ['/bin/sh', '-c', text];
}

function listOf(instruction: string, text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
  } catch {
    // Told below.
  }
  throw wrong(instruction, 'its list must be JSON: ["program", "argument"]');
}

/** `A=b "C=d e"`, or `A b` as of old. */
function pairsOf(instruction: string, text: string): readonly (readonly [string, string])[] {
  const words = (text.match(/(?:"(?:\\.|[^"])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? []).map(unquoted);
  if (words[0]?.includes('=') === false) return [[words[0], text.slice(text.search(/\s|$/)).trim()]];
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at <= 0) throw wrong(instruction, `${JSON.stringify(word)} is not NAME=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

const unquoted = (word: string) =>
  word.replace(/"((?:\\.|[^"])*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, other?: string) =>
    double === undefined ? (single ?? other ?? '') : double.replace(/\\(.)/g, '$1'),
  );

function withEnv(before: readonly string[], pairs: readonly (readonly [string, string])[]): readonly string[] {
  const all = new Map(before.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
  for (const [name, value] of pairs) all.set(name, value);
  return [...all].map(([name, value]) => `${name}=${value}`);
}

const wrong = (instruction: string, hint: string) =>
  fail('invalid_argument', `change ${JSON.stringify(instruction.slice(0, 200))}: ${hint}`);
