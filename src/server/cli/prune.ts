import { createInterface } from 'node:readline/promises';
import { fail } from '../../base/errors.ts';
import { controlSocket } from '../config/paths.ts';
import { callControl } from '../control/client.ts';
import { pruneImagesAnswer, pruneImagesPath } from '../control/images/prune.ts';
import { pruneAnswer, prunePath } from '../control/prune.ts';
import type { FormatFlag } from './format.ts';
import { loadSettings } from './settings.ts';
import type { SettingFlags } from './settings.ts';
import { bytes, json } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { harmless } from './text.ts';
import type { prunables } from './run/prunables.ts';

export interface PruneFlags extends SettingFlags, FormatFlag {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  /** Beside what goes without a word. */
  readonly volumes: boolean;
  readonly label: readonly string[];
  /** Seconds. */
  readonly olderThan?: number;
}
type What = (typeof prunables)[number];

interface Pruned {
  readonly removed: readonly { readonly kind: string; readonly id: string; readonly name: string }[];
  readonly kept: readonly { readonly id: string; readonly reason: string }[];
  readonly bytes: number;
}

/** `cricket prune`: tells what would go, asks, and removes it. */
export async function prune(what: What | undefined, flags: PruneFlags, terminal: Terminal): Promise<void> {
  const chosen: readonly What[] = what === undefined ? defaults(flags) : [what];
  if (flags.label.length > 0 && (what === 'images' || chosen.includes('volumes')))
    throw fail('invalid_argument', '--label is of containers and pods; images and volumes have --older-than');
  const socket = controlSocket(await loadSettings(flags));
  const ask = async (dry: boolean) => {
    const all: Pruned[] = [];
    for (const one of chosen) all.push(await pruneOne(socket, one, dry, flags, terminal));
    return merged(all);
  };
  if (!flags.dryRun && !flags.force) await demandConsent(await ask(true), terminal);
  const pruned = await ask(flags.dryRun);
  terminal.out(flags.format === 'json' ? json(pruned) : textOf(pruned, flags.dryRun));
}

/** Volumes first: one that only an ended container mounts was not told of, and stays. */
const defaults = ({ volumes }: PruneFlags): readonly What[] => [
  ...(volumes ? (['volumes'] as const) : []),
  'containers',
  'images',
];

async function pruneOne(
  socket: string,
  what: What,
  dry: boolean,
  flags: PruneFlags,
  { signal }: Terminal,
): Promise<Pruned> {
  const common = {
    ...(dry && { dry: '1' }),
    ...(flags.all && { all: '1' }),
    ...(flags.olderThan !== undefined && { older: String(flags.olderThan) }),
  };
  const post = { socket, method: 'POST', body: undefined } as const;
  if (what !== 'images') {
    const query = { ...common, what, label: flags.label };
    return { ...pruneAnswer.parse(await callControl({ ...post, path: prunePath, query }, signal)), bytes: 0 };
  }
  // Images have no labels that a person gave: with a label, none is meant.
  if (flags.label.length > 0) return { removed: [], kept: [], bytes: 0 };
  const answer = pruneImagesAnswer.parse(await callControl({ ...post, path: pruneImagesPath, query: common }, signal));
  const removed = answer.images.map(({ id, tags }) => ({ kind: 'image', id, name: tags.join(', ') }));
  return { removed, kept: answer.kept, bytes: answer.bytes };
}

function merged(all: readonly Pruned[]): Pruned {
  return {
    removed: all.flatMap(({ removed }) => removed),
    kept: all.flatMap(({ kept }) => kept),
    bytes: all.reduce((sum, one) => sum + one.bytes, 0),
  };
}

/** Errors: `cancelled` for a no, `invalid_argument` where nobody can be asked. */
async function demandConsent(planned: Pruned, terminal: Terminal): Promise<void> {
  if (planned.removed.length === 0) return;
  if (!process.stdin.isTTY)
    throw fail('invalid_argument', `${planned.removed.length} would go; say --force, or --dry-run to see which`);
  terminal.err(textOf(planned, true));
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  // By Ctrl-C and Ctrl-D too, of which the question knows nothing.
  reader.once('close', () => end(''));
  const question = reader.question('Remove them? [y/N] ', { signal: terminal.signal });
  question.catch(() => undefined);
  const answer = await Promise.race([question, ended]);
  reader.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw fail('cancelled', 'nothing was removed');
}

function textOf({ removed, kept, bytes: freed }: Pruned, dry: boolean): string {
  const verb = dry ? 'would remove' : 'removed';
  const lines = [
    ...removed.map(({ kind, id, name }) =>
      `${verb} ${kind} ${kind === 'volume' ? id : id.replace('sha256:', '').slice(0, 13)} ${harmless(name)}`.trimEnd(),
    ),
    ...kept.map(({ id, reason }) => `kept ${id.slice(0, 20)}: ${reason}`),
    ...(freed > 0 ? [`${dry ? 'would free' : 'freed'} ${bytes(freed)}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('') || 'nothing to remove\n';
}
