import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { parseCheckpoint } from '../../base/checkpoint.ts';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { containerRecordKind } from '../container/record.ts';
import { containerStateKind } from '../container/state.ts';
import { podRecordKind } from '../pod/record.ts';
import { podStateKind } from '../pod/state.ts';
import type { Paths } from './paths.ts';
import type { Store } from './store.ts';
import { readHints } from './unreadable.ts';
import type { Hints } from './unreadable.ts';

/**
 * Reads every record into the store, before the socket opens: no answer may lack an object that exists.
 * What cannot be read goes to `store.unreadable` and is never treated as an orphan.
 * @returns names of directories with no record in them: a crash between mkdir and the first write.
 */
export async function loadStore(
  store: Store,
  paths: Paths,
  { bootId, log }: { readonly bootId: string; readonly log: Logger },
): Promise<readonly string[]> {
  const empty: string[] = [];
  await eachDirectory(paths.podRecords, async (id, directory) => {
    const kinds = { record: podRecordKind, state: podStateKind, file: 'pod.json', bootId };
    const found = await readObject(kinds, directory);
    if (found.kind === 'ok') store.adoptPod(found.record, found.state ?? { kind: 'creating' });
    else if (found.kind === 'empty') empty.push(directory);
    else store.unreadable.set(id, { kind: 'pod', id, reason: found.reason, hints: found.hints });
  });
  await eachDirectory(paths.containerRecords, async (id, directory) => {
    const kinds = { record: containerRecordKind, state: containerStateKind, file: 'container.json', bootId };
    const found = await readObject(kinds, directory);
    if (found.kind === 'ok') store.adoptContainer(found.record, found.state ?? { kind: 'creating' });
    else if (found.kind === 'empty') empty.push(directory);
    else store.unreadable.set(id, { kind: 'container', id, reason: found.reason, hints: found.hints });
  });
  for (const { kind, id, reason } of store.unreadable.values())
    log.error({ [kind]: id, reason }, 'record unreadable: the object stays listed, Stop and Remove work on it');
  return empty;
}

type Found<R, S> =
  | { readonly kind: 'ok'; readonly record: R; readonly state: S | undefined }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly hints: Hints };

interface Kinds<R, S> {
  readonly record: CheckpointKind<R>;
  readonly state: CheckpointKind<S>;
  /** The record's. */
  readonly file: string;
  readonly bootId: string;
}

async function readObject<R extends { readonly bootId: string }, S>(
  { file, bootId, ...kinds }: Kinds<R, S>,
  directory: string,
): Promise<Found<R, S>> {
  let recordText: string | undefined;
  try {
    recordText = await readIfThere(join(directory, file));
    const stateText = await readIfThere(join(directory, 'state.json'));
    if (recordText === undefined) {
      if (stateText === undefined) return { kind: 'empty' };
      return { kind: 'unreadable', reason: `${join(directory, file)} is missing`, hints: readHints('') };
    }
    const record = parseCheckpoint(kinds.record, join(directory, file), recordText);
    // A power cut can leave the name without the bytes: then the intent is known, and nothing that this boot has.
    const isLost = stateText === undefined || (stateText === '' && record.bootId !== bootId);
    const state = isLost ? undefined : parseCheckpoint(kinds.state, join(directory, 'state.json'), stateText);
    return { kind: 'ok', record, state };
  } catch (error) {
    return { kind: 'unreadable', reason: messageOf(error), hints: readHints(recordText ?? '') };
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Names that are no ids (`lost+found`) are not ours. 64 at a time: a thousand records in parallel open too many files, one by one they take too long. */
async function eachDirectory(path: string, visit: (name: string, full: string) => Promise<void>): Promise<void> {
  const names = (await readdir(path)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  for (let i = 0; i < names.length; i += 64)
    await Promise.all(names.slice(i, i + 64).map((name) => visit(name, join(path, name))));
}
