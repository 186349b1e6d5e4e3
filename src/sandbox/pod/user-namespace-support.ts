import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withTimeout } from '../../base/abort.ts';
import { messageOf } from '../../base/errors.ts';
import type { DiskPool } from '../../linux/disk.ts';
import { holdUserNamespace } from '../../linux/user-namespace.ts';
import type { Watcher } from '../../linux/watcher.ts';
import type { FeatureReader } from '../oci/features.ts';
import type { OciRuntime } from '../oci/runtime.ts';
import type { UserMaps } from './record.ts';

interface SupportDirectories {
  /** On the file system that has the layers. */
  readonly root: string;
  /** Containers' root file systems are mounted below it. */
  readonly state: string;
}

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
  readonly #directories: SupportDirectories;
  /** Why the host cannot; '' where it can. */
  #answer: Promise<string> | undefined;
  #staleAt = Infinity;

  constructor(parts: SupportParts, directories: SupportDirectories) {
    this.#parts = parts;
    this.#directories = directories;
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
    const { root, state } = this.#directories;
    const signal = withTimeout(lifetime, probeTimeoutMs);
    try {
      const closed = await closedDirectory(state);
      if (closed !== undefined)
        return `${closed} lets no other user in, as whom the containers' root file systems are looked for; chmod o+x ${closed}`;
      await using held = await holdUserNamespace(watcher, { uids: anyone, gids: anyone, kinds: [] }, signal);
      const request = { directory: join(root, 'probe'), userNamespace: `/proc/${held.pid}/ns/user` };
      if (await disk.call('canShift', request, signal)) return '';
      return `the kernel cannot show files below ${root} with other owners (idmapped mounts): it takes Linux 5.19, and ext4, xfs or btrfs there`;
    } catch (error) {
      return messageOf(error);
    }
  }
}

/** The first directory, from a path upwards, that others may not enter; undefined: there is none. */
export async function closedDirectory(path: string): Promise<string | undefined> {
  if (((await stat(path)).mode & 0o001) === 0) return path;
  return path === dirname(path) ? undefined : closedDirectory(dirname(path));
}
