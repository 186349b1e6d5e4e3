import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isNewerRecord, loadCheckpoint, makePrivateDirectory, recordFile, writeRecord } from '../../base/checkpoint.ts';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { messageOf } from '../../base/errors.ts';
import { parsePodId } from '../../base/ids.ts';
import type { PodId } from '../../base/ids.ts';
import type { Logger } from '../../base/log.ts';
import type { RecordFile } from '../../base/plain-file.ts';
import { formatAddress, parseAddress } from './cidr.ts';

/** Who holds an address. */
export interface Lease {
  readonly pod: PodId;
  readonly address: number;
  /** The range it was taken from: the bridge keeps its gateway while the lease lives. */
  readonly range: string;
  /** The host's end of its veth. */
  readonly link: string;
  /** '' for a pod without IPv6. */
  readonly address6: string;
  readonly range6: string;
  /** Of the pod's end. */
  readonly mac: string;
}

const kind: CheckpointKind<Lease & { boot: string }> = {
  name: 'network lease',
  version: 1,
  schema: z.object({
    pod: z.string().transform(parsePodId),
    address: z.number().int(),
    range: z.string(),
    link: z.string(),
    // Of a pod from before there was IPv6: it keeps what it has.
    address6: z.string().default(''),
    range6: z.string().default(''),
    mac: z.string().default(''),
    boot: z.string(),
  }),
};

/**
 * The leases, in memory and as one file each, named by the address: even a file that cannot be read keeps its address
 * from being given twice. Not synced to disk: a reboot voids them anyway.
 */
export class Leases {
  readonly #directory: string;
  readonly #boot: string;
  readonly #byPod = new Map<PodId, Lease>();
  readonly #byAddress = new Map<number, Lease | 'damaged' | 'newer'>();
  readonly #sixes = new Set<string>();

  private constructor(directory: string, boot: string) {
    this.#directory = directory;
    this.#boot = boot;
  }

  /** Reads what an earlier daemon left; leases of another boot are void and deleted. One that is unreadable is said. */
  static async open(directory: string, boot: string, log: Logger): Promise<Leases> {
    await makePrivateDirectory(directory);
    const leases = new Leases(directory, boot);
    await Promise.all((await readdir(directory)).map(async (name) => leases.#read(name, log)));
    return leases;
  }

  async #read(name: string, log: Logger): Promise<void> {
    const path = join(this.#directory, name);
    // A write that never ended.
    if (name.endsWith('.tmp')) return rm(path, { force: true });
    const address = parseAddress(name.replace(/\.json$/, ''));
    if (address === undefined) {
      log.warn({ path }, 'this is no lease of this version: it is left as it is');
      return;
    }
    let lease;
    try {
      lease = await loadCheckpoint(kind, path);
    } catch (error) {
      log.warn({ path, error: messageOf(error) }, 'a lease is unreadable: its address is given to nobody');
      this.#byAddress.set(address, isNewerRecord(error) ? 'newer' : 'damaged');
      return;
    }
    if (lease.address !== address) this.#byAddress.set(address, 'damaged');
    else if (lease.boot !== this.#boot) await rm(path, { force: true });
    else this.#remember(lease);
  }

  #remember(lease: Lease): void {
    this.#byPod.set(lease.pod, lease);
    if (lease.address6 !== '') this.#sixes.add(lease.address6);
    this.#byAddress.set(lease.address, lease);
  }

  /** The address is taken from this call on; its file, which is answered, is to be there before the address is used. */
  hold(lease: Lease): RecordFile {
    this.#remember(lease);
    return recordFile(kind, this.#path(lease), { ...lease, boot: this.#boot });
  }

  /** The same; its file is there when it resolves. Errors: of writing it; the address is free again then. */
  async add(lease: Lease): Promise<void> {
    const file = this.hold(lease);
    try {
      await writeRecord(file);
    } catch (error) {
      this.#forget(lease);
      throw error;
    }
  }

  /** The address is free when it resolves. */
  async drop(lease: Lease): Promise<void> {
    await rm(this.#path(lease), { force: true });
    this.#forget(lease);
  }

  #forget(lease: Lease): void {
    if (this.#byPod.get(lease.pod) === lease) this.#byPod.delete(lease.pod);
    this.#sixes.delete(lease.address6);
    if (this.#byAddress.get(lease.address) === lease) this.#byAddress.delete(lease.address);
  }

  #path({ address }: Pick<Lease, 'address'>): string {
    return join(this.#directory, `${formatAddress(address)}.json`);
  }

  of(pod: PodId): Lease | undefined {
    return this.#byPod.get(pod);
  }

  has(address: number): boolean {
    return this.#byAddress.has(address);
  }

  has6(address: string): boolean {
    return this.#sixes.has(address);
  }

  all(): readonly Lease[] {
    return [...this.#byPod.values()];
  }

  /** Whether a newer version wrote its lease: nobody here may give it up. */
  isNewer(address: number): boolean {
    return this.#byAddress.get(address) === 'newer';
  }

  /** Addresses held for nobody knows whom: their files are damaged. */
  damaged(): readonly number[] {
    return [...this.#byAddress].filter(([, lease]) => lease === 'damaged').map(([address]) => address);
  }

  async dropDamaged(address: number): Promise<void> {
    if (this.#byAddress.get(address) !== 'damaged') return;
    await rm(this.#path({ address }), { force: true });
    this.#byAddress.delete(address);
  }
}
