import { join } from 'node:path';
import { withTimeout } from '../../base/abort.ts';
import { messageOf } from '../../base/errors.ts';
import type { DiskPool } from '../../linux/disk.ts';
import { holdUserNamespace } from '../../linux/user-namespace.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { FeatureReader } from '../oci/features.ts';
import type { OciRuntime } from '../oci/runtime.ts';
import type { UserMaps } from './record.ts';

interface SupportParts {
  readonly disk: DiskPool;
  readonly features: FeatureReader;
  readonly watcher: Watcher;
  readonly lifetime: AbortSignal;
}

/** Any range serves for a look at what the host can. */
const anyone: UserMaps['uids'] = [{ containerId: 0, hostId: 100_000, size: 65_536 }];
const probeTimeoutMs = 15_000;
/** Milliseconds that a refusal counts: a person may have mended the host meanwhile. */
const refusalMs = 30_000;

/**
 * Whether this host can give pods user namespaces: the kernel makes them, and the file system that layers are on shows
 * them with shifted owners (KEP-127). Tried out once, when somebody first asks.
 */
export class UserNamespaces {
  readonly #parts: SupportParts;
  readonly #root: string;
  /** Why the host cannot; '' where it can. */
  #answer: Promise<string> | undefined;
  #staleAt = Infinity;

  /** `root`: a directory of ours on the file system that has the layers. */
  constructor(parts: SupportParts, root: string) {
    this.#parts = parts;
    this.#root = root;
  }

  /** Why pods of this runtime cannot have them; '' where they can. */
  async whyNot(runtime: OciRuntime): Promise<string> {
    if (!(await this.#parts.features.of(runtime)).userNamespaces)
      return `runtime ${runtime.path} does not say that it can; take crun 1.8 or runc 1.1, or newer ones`;
    return this.hostWhyNot();
  }

  async hostWhyNot(): Promise<string> {
    if (this.#answer === undefined || performance.now() > this.#staleAt) {
      this.#staleAt = Infinity;
      this.#answer = this.#probe();
    }
    const why = await this.#answer;
    if (why !== '' && this.#staleAt === Infinity) this.#staleAt = performance.now() + refusalMs;
    return why;
  }

  async #probe(): Promise<string> {
    const { disk, lifetime, watcher } = this.#parts;
    const signal = withTimeout(lifetime, probeTimeoutMs);
    try {
      await using held = await holdUserNamespace(watcher, { uids: anyone, gids: anyone, kinds: [] }, signal);
      const request = { directory: join(this.#root, 'probe'), userNamespace: `/proc/${held.pid}/ns/user` };
      if (await disk.call('canShift', request, signal)) return '';
      return `the kernel cannot show files below ${this.#root} with other owners (idmapped mounts): it takes Linux 5.19, and ext4, xfs or btrfs there`;
    } catch (error) {
      return messageOf(error);
    }
  }
}
