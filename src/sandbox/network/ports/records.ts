import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadCheckpoint, makePrivateDirectory, saveCheckpoint } from '../../../base/checkpoint.ts';
import type { CheckpointKind } from '../../../base/checkpoint.ts';
import { parsePodId } from '../../../base/ids.ts';
import type { PodId } from '../../../base/ids.ts';
import type { Logger } from '../../../base/log.ts';
import { portMapping } from '../../pod/record.ts';

const schema = z.object({
  pod: z.string().transform(parsePodId),
  /** `default/web`, for messages. */
  title: z.string(),
  ports: z.array(portMapping),
  /** Where they lead; empty until the pod has its network. */
  addresses: z.array(z.object({ ip: z.string(), prefix: z.number() })),
});
/** The host ports of one pod. */
export type PortRecord = Readonly<z.output<typeof schema>>;

const kind: CheckpointKind<PortRecord & { boot: string }> = {
  name: 'host ports',
  version: 1,
  schema: schema.extend({ boot: z.string() }),
};

/** The host ports of pods, in memory and as one file a pod. Not synced to disk: a reboot voids them anyway. */
export class PortRecords {
  readonly #directory: string;
  readonly #boot: string;
  readonly #byPod = new Map<PodId, PortRecord>();

  private constructor(directory: string, boot: string) {
    this.#directory = directory;
    this.#boot = boot;
  }

  /** Reads what an earlier daemon left; those of another boot are void. What is unreadable is said, and left. */
  static async open(directory: string, boot: string, log: Logger): Promise<PortRecords> {
    await makePrivateDirectory(directory);
    const records = new PortRecords(directory, boot);
    for (const name of await readdir(directory)) await records.#read(name, log);
    return records;
  }

  async #read(name: string, log: Logger): Promise<void> {
    const path = join(this.#directory, name);
    const record = name.endsWith('.json') ? await loadCheckpoint(kind, path).catch(() => undefined) : undefined;
    if (record?.boot === this.#boot) {
      this.#byPod.set(record.pod, record);
      return;
    }
    if (record === undefined && name.endsWith('.json')) {
      // A newer version may have written it, and may be back; it goes with its pod.
      log.warn({ path }, 'a record of host ports is unreadable: they are closed until the pod is made anew');
      return;
    }
    await rm(path, { force: true });
  }

  /** It counts from this call on, also where its file cannot be written. */
  async put(record: PortRecord): Promise<void> {
    this.#byPod.set(record.pod, record);
    await saveCheckpoint(kind, this.#path(record.pod), { ...record, boot: this.#boot }, { durable: false });
  }

  /** Its ports lead nowhere from now on. Only in memory: what is taken away needs no room on the disk. */
  close(pod: PodId): void {
    const record = this.#byPod.get(pod);
    if (record !== undefined) this.#byPod.set(pod, { ...record, addresses: [] });
  }

  async drop(pod: PodId): Promise<void> {
    await rm(this.#path(pod), { force: true });
    this.#byPod.delete(pod);
  }

  #path(pod: PodId): string {
    return join(this.#directory, `${pod}.json`);
  }

  of(pod: PodId): PortRecord | undefined {
    return this.#byPod.get(pod);
  }

  all(): readonly PortRecord[] {
    return [...this.#byPod.values()];
  }
}
