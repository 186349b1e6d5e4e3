import { dirname } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { bytes } from '../terminal.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { Disk, Host } from './host.ts';

/** f_type of file systems (linux/magic.h) that cannot hold the writable side of an overlay. */
const unfit: Readonly<Record<number, string>> = {
  0x794c7630: 'overlayfs',
  0x6969: 'NFS',
  0x01021997: '9p',
  0xff534d42: 'CIFS',
};

/** The usual ones, for the eye. */
const fit: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
};

const leastFree = 1_000_000_000;
const leastShare = 0.1;

/** Where images and records live: room, and a file system that overlays can stand on. */
export async function checkDisks(host: Host, config: Config): Promise<readonly Finding[]> {
  const found = await nearest(host, config.root);
  if (found === undefined)
    return [failed('disk', `${config.root}: cannot be looked at`, 'set root to a local directory')];
  return [space(config.root, found), ...fitness(config.root, found)];
}

/** The directory itself may not be there before the first start; its parent's file system is the same. */
async function nearest(host: Host, path: string): Promise<Disk | undefined> {
  const disk = await host.disk(path);
  return disk !== undefined || path === '/' ? disk : nearest(host, dirname(path));
}

function space(root: string, { freeBytes, totalBytes, freeInodes }: Disk): Finding {
  const found = `${bytes(freeBytes)} free of ${bytes(totalBytes)} for ${root}`;
  if (freeBytes < leastFree) return failed('disk space', found, 'free some, or set root to a larger disk');
  if (freeBytes < totalBytes * leastShare) return warn('disk space', found, 'the kubelet begins to evict pods here');
  // File systems without a table of inodes report none at all.
  if (freeInodes > 0 && freeInodes < 50_000)
    return warn('disk space', `${freeInodes} inodes free`, 'images hold many files');
  return ok('disk space', found);
}

function fitness(root: string, { type }: Disk): readonly Finding[] {
  const name = unfit[type];
  if (name === undefined) return [ok('disk type', fit[type] ?? `0x${type.toString(16)}`)];
  const advice = 'overlays cannot write there; set root to a directory on ext4, xfs or btrfs';
  return [failed('disk type', `${root} is on ${name}`, advice)];
}
