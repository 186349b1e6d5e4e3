import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadCheckpoint, makePrivateDirectory, saveCheckpoint, syncPath } from '../../../base/checkpoint.ts';
import type { CheckpointKind } from '../../../base/checkpoint.ts';
import { parsePodId } from '../../../base/ids.ts';
import type { PodId } from '../../../base/ids.ts';
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
  static async open(directory: string): Promise<Attachments> {
    await makePrivateDirectory(directory);
    const all = new Attachments(directory);
    const names = await readdir(directory);
    const ids = names.flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
    await Promise.all(ids.map(async (id) => all.#read(parsePodId(id))));
    // Temp files of writes that never ended, results whose intent is gone.
    const known = new Set(ids.flatMap((id) => [`${id}.json`, `${id}.result`]));
    await Promise.all(names.filter((name) => !known.has(name)).map((name) => rm(join(directory, name))));
    return all;
  }

  async #read(pod: PodId): Promise<void> {
    const intent = await loadCheckpoint(attachmentKind, this.#intent(pod)).catch(() => undefined);
    // One that is lost or torn: plugins must do DEL without it, too.
    const result = await loadCheckpoint(resultKind, this.#result(pod)).catch(() => undefined);
    this.#held.set(pod, { attachment: intent?.pod === pod ? intent : undefined, result });
  }

  #intent = (pod: PodId): string => join(this.#directory, `${pod}.json`);
  #result = (pod: PodId): string => join(this.#directory, `${pod}.result`);

  of(pod: PodId): Held | undefined {
    return this.#held.get(pod);
  }

  all(): ReadonlyMap<PodId, Held> {
    return this.#held;
  }

  /** Written when it resolves; `lasting` then resolves when it also outlives a power cut. */
  async intend(intent: Attachment): Promise<{ readonly held: Held; readonly lasting: Promise<void> }> {
    const path = this.#intent(intent.pod);
    await saveCheckpoint(attachmentKind, path, intent, { durable: false });
    const held: Held = { attachment: intent, result: undefined };
    this.#held.set(intent.pod, held);
    const lasting = Promise.all([syncPath(path), syncPath(this.#directory)]).then(() => undefined);
    lasting.catch(() => undefined);
    return { held, lasting };
  }

  async keepResult(pod: PodId, result: unknown): Promise<void> {
    await saveCheckpoint(resultKind, this.#result(pod), result, { durable: false });
    const held = this.#held.get(pod);
    if (held !== undefined) held.result = result;
  }

  /** The result first: an intent alone is still undone by DEL. */
  async forget(pod: PodId): Promise<void> {
    await rm(this.#result(pod), { force: true });
    await rm(this.#intent(pod), { force: true });
    this.#held.delete(pod);
  }
}

const cidrKind: CheckpointKind<string> = { name: 'pod CIDR', version: 1, schema: z.string() };

/** The kubelet's ranges, as it sent them; '' before it did. */
export async function loadPodCidr(path: string): Promise<string> {
  // It comes again with the kubelet.
  return loadCheckpoint(cidrKind, path).catch(() => '');
}

export async function savePodCidr(path: string, cidr: string): Promise<void> {
  await saveCheckpoint(cidrKind, path, cidr);
}
