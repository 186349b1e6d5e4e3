import { withTimeout } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import type { CopiedFile, PlainFile, RecordFile } from '../../base/plain-file.ts';
import { traced } from '../../base/trace.ts';
import type { PodMaking } from '../../linux/pod-worker.ts';
import type { MakeWish, PodMaker, WriteWish } from '../network/network.ts';
import type { Parts } from '../parts.ts';
import { contextOf } from '../selinux/labels.ts';
import { labelsOfPod } from '../selinux/of-pod.ts';
import type { Pod } from '../store/store.ts';
import type { PreparedChange } from '../store/tracked.ts';
import { podFiles, shmBytes } from './files.ts';
import { holdForPod, rootOf } from './user-namespaces.ts';

export type MakingParts = Pick<Parts, 'lifetime' | 'paths' | 'podCalls' | 'selinux' | 'watcher'>;

/** Milliseconds for one call: it takes some four, and the lock of all links can be held by others for long. */
const callTimeoutMs = 30_000;

/**
 * The making of one sandbox: its intent, namespaces with /dev/shm, link, files and state are the work of one Worker, in that
 * order, and of a single call where the network knows the addresses beforehand.
 */
export class Making implements PodMaker {
  readonly #parts: MakingParts;
  readonly #hostname: string;
  readonly #pod: Pod;
  readonly #intent: RecordFile;
  #working: Promise<void> = Promise.resolve();
  #isMade = false;
  #hasEnded = false;
  #made: PreparedChange | undefined;

  constructor(
    parts: MakingParts,
    { pod, intent }: { readonly pod: Pod; readonly intent: RecordFile },
    hostname: string,
  ) {
    this.#parts = parts;
    this.#pod = pod;
    this.#intent = intent;
    this.#hostname = hostname;
  }

  async make({ records = [], link, ips }: MakeWish): Promise<void> {
    this.#isMade = true;
    const { made, ...last } = this.#lastOf(ips);
    const intent = { file: this.#intent, step: 'run-pod:intent' as const };
    await this.#work('pod.namespaces', async (signal) => {
      await using held = await holdForPod(this.#parts, this.#pod.record, signal);
      const pins = this.#pins(held?.pid);
      const all = { records: [intent, ...records], pins, ...last, ...(link && { link }) };
      await this.#parts.podCalls.call('makePod', all, signal);
    });
    this.#made = made;
  }

  async write({ ips, records = [], obsolete = [] }: WriteWish): Promise<void> {
    const { made, ...last } = this.#lastOf(ips);
    await this.#work('pod.files', async (signal) =>
      this.#parts.podCalls.call('write', { records, obsolete, ...last }, signal),
    );
    this.#made = made;
  }

  /** What the network has left to do. `commit` then makes the sandbox ready. */
  async finish(ips: readonly string[]): Promise<{ commit(): Promise<void> }> {
    if (!this.#isMade) await this.make({ ips });
    if (this.#made === undefined) await this.write({ ips });
    return { commit: async () => this.#made?.commit({ isPlaced: this.#endsWithFiles }) };
  }

  /** Nothing more of it is made when it resolves; never rejects. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await Promise.allSettled([this.#working]);
  }

  async #work(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { id } = this.#pod.record;
    if (this.#hasEnded) throw fail('cancelled', `the making of pod sandbox ${id} was given up`);
    this.#working = traced(name, async () => work(withTimeout(this.#parts.lifetime, callTimeoutMs)));
    await this.#working;
  }

  /** The files, and the state beside its place or, where nothing is left to do after it, in it. */
  #lastOf(ips: readonly string[] | undefined): {
    readonly made: PreparedChange | undefined;
    readonly files: readonly (PlainFile | CopiedFile)[];
    readonly state?: RecordFile | undefined;
  } {
    if (ips === undefined) return { made: undefined, files: [] };
    const made = this.#pod.prepare({ kind: 'made', ips });
    const files = podFiles(this.#parts.paths, this.#pod.record, { hostname: this.#hostname, ips });
    return this.#endsWithFiles ? { made, files, state: made.whole } : { made, files: [...files, ...made.files] };
  }

  /** So it is with pods of a kubelet, but for those with host ports, or of users or labels of their own. */
  get #endsWithFiles(): boolean {
    const { config, ownsCgroup } = this.#pod.record;
    return !ownsCgroup && config.ports.length === 0 && config.users === null && this.#parts.selinux === undefined;
  }

  /**
   * Namespaces and /dev/shm below the run-time directory; where they are a user's, `holder` has made them. Nobody else may
   * enter the directory, or read what the pod shares in memory; who is root in its user namespace by a group of its own.
   */
  #pins(holder: number | undefined): PodMaking['pins'] {
    const { id, config, pins } = this.#pod.record;
    const at = this.#parts.paths.pod(id);
    const root = rootOf(config);
    const labels = contextOf(labelsOfPod(this.#parts, this.#pod.record));
    return {
      ...{ pins, hostname: this.#hostname, sysctls: config.sysctls, directory: { path: at.runtime, gid: root.gid } },
      ...(holder !== undefined && { holder: { pid: holder, root: root.uid } }),
      ...(config.ipc === 'pod' && { shm: { path: at.shm, bytes: shmBytes, root, ...labels } }),
    };
  }
}
