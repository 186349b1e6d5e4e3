import { mkdirSync } from 'node:fs';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, mount } from './mount.ts';

export interface SharedMemory {
  /** A directory below one that is in memory too: nothing here waits for a disk. */
  readonly path: string;
  readonly bytes: number;
  readonly root: { readonly uid: number; readonly gid: number };
  /** SELinux context of what is in it. */
  readonly label?: string;
}

/** A file system in memory for what a pod's containers share: their /dev/shm. */
export function mountSharedMemory({ path, bytes, root: { uid, gid }, label }: SharedMemory): void {
  mkdirSync(path, { recursive: true, mode: 0o1777 });
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const context = label === undefined ? '' : `,context="${label}"`;
  mount('shm', path, { type: 'tmpfs', flags, data: `mode=1777,size=${bytes},uid=${uid},gid=${gid}${context}` });
}
