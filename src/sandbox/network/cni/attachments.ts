import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isNewerRecord, loadCheckpoint, makePrivateDirectory, recordFile, syncPath } from '../../../base/checkpoint.ts';
import type { CheckpointKind } from '../../../base/checkpoint.ts';
import { messageOf } from '../../../base/errors.ts';
import { parsePodId } from '../../../base/ids.ts';
import type { PodId } from '../../../base/ids.ts';
import type { Logger } from '../../../base/log.ts';
import type { RecordFile } from '../../../base/plain-file.ts';
import { Remembered } from '../../../base/remembered.ts';
import { spokenVersions } from './versions.ts';

const plugin = z.object({
  type: z.string(),
  capabilities: z.array(z.string()),
  raw: z.record(z.string(), z.unknown()),
});
const attachment = z.object({
  pod: z.string().transform(parsePodId),
  /** Path of the pinned namespace. */
  netns: z.string(),
  ifname: z.string(),
  /** CNI_ARGS. */
  args: z.string(),
  capabilities: z.record(z.string(), z.unknown()),
  /** The configuration it was, or is being, made with: DEL needs the same, whatever becomes of the file. */
  file: z.string(),
  network: z.object({
    name: z.string(),
    version: z.enum(spokenVersions),
    disableCheck: z.boolean(),
    disableGc: z.boolean(),
    onlyInlined: z.boolean(),
    plugins: z.array(plugin),
  }),
});
/** A pod on a network, from before its ADD until after its DEL. */
export type Attachment = Readonly<z.output<typeof attachment>>;

const attachmentKind: CheckpointKind<Attachment> = { name: 'CNI attachment', version: 1, schema: attachment };
const resultKind: CheckpointKind<unknown> = { name: 'CNI result', version: 1, schema: z.unknown() };

export interface Held {
  /** Undefined where its file cannot be read. */
  readonly attachment: Attachment | undefined;
  /** A newer version wrote it: what it owes is not ours to settle, unless somebody removes the pod. */
  readonly isNewer: boolean;
  /** What the last plugin answered to ADD; undefined until then. */
  result: unknown;
}

/** Attachments in memory, and on disk in two files each: the intent, and the result once there is one. */
export class Attachments {
  readonly #directory: string;
  readonly #held = new Map<PodId, Held>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads what an earlier daemon left, also before a reboot: plugins keep what they gave out until DEL. */
  static async open(directory: string, log: Logger): Promise<Attachments> {
    await makePrivateDirectory(directory);
    const all = new Attachments(directory);
    const names = await readdir(directory);
    const ids = names.flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
    await Promise.all(ids.map(async (id) => all.#read(parsePodId(id), log)));
    // Temp files of writes that never ended, results whose intent is gone.
    const known = new Set(ids.map((id) => `${id}.result`));
    const dead = names.filter((name) => name.endsWith('.tmp') || (name.endsWith('.result') && !known.has(name)));
    await Promise.all(dead.map(async (name) => rm(join(directory, name))));
    return all;
  }

  async #read(pod: PodId, log: Logger): Promise<void> {
    let isNewer = false;
    const intent = await loadCheckpoint(attachmentKind, this.#intent(pod)).catch((error: unknown) => {
      isNewer = isNewerRecord(error);
      log.warn({ pod, error: messageOf(error) }, 'what is written of a CNI network is unreadable');
    });
    // One that is lost or torn: plugins must do DEL without it, too.
    const result = await loadCheckpoint(resultKind, this.#result(pod)).catch(() => undefined);
    this.#held.set(pod, { attachment: intent?.pod === pod ? intent : undefined, isNewer, result });
  }

  #intent = (pod: PodId): string => join(this.#directory, `${pod}.json`);
  #result = (pod: PodId): string => join(this.#directory, `${pod}.result`);

  has(pod: string): boolean {
    return this.#held.has(pod as PodId);
  }

  of(pod: PodId): Held | undefined {
    return this.#held.get(pod);
  }

  all(): ReadonlyMap<PodId, Held> {
    return this.#held;
  }

  /** Known from the call on; the intent, which is answered, is to be written before a plugin is asked. */
  intend(attachment: Attachment): RecordFile {
    this.#held.set(attachment.pod, { attachment, isNewer: false, result: undefined });
    return recordFile(attachmentKind, this.#intent(attachment.pod), attachment);
  }

  /** Resolves when a written intent outlives a power cut, too. */
  async last(pod: PodId): Promise<void> {
    await Promise.all([syncPath(this.#intent(pod)), syncPath(this.#directory)]);
  }

  /** The result as it is to be written before it is told of by `keep`. */
  resultFile(pod: PodId, result: unknown): RecordFile {
    return recordFile(resultKind, this.#result(pod), result);
  }

  keep(pod: PodId, result: unknown): void {
    const held = this.#held.get(pod);
    if (held !== undefined) held.result = result;
  }

  /** What it owes is settled. Of half of it left by a crash, an intent is undone once more, a result deleted. */
  async forget(pod: PodId): Promise<void> {
    await Promise.all([rm(this.#result(pod), { force: true }), rm(this.#intent(pod), { force: true })]);
    this.#held.delete(pod);
  }
}

const cidrKind: CheckpointKind<string> = { name: 'pod CIDR', version: 1, schema: z.string() };

/** The kubelet's ranges, as it sent them; '' before it did. */
export async function openPodCidr(path: string, log: Logger): Promise<Remembered<string>> {
  const onUnreadable = ({ message }: Error) =>
    log.warn({ error: message }, 'the pod CIDR is unreadable; it comes again with the kubelet');
  return Remembered.open({ kind: cidrKind, path, fresh: '', onUnreadable });
}
