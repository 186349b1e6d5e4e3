import { closeSync, mkdirSync, openSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { during, errnoOf, fail } from '../base/errors.ts';
import { asUser } from './credentials.ts';
import { checked, libc } from './libc.ts';
import { bindMount, unmount } from './mount.ts';

/** The kinds a thread of a threaded process can make; a user namespace it cannot (unshare(2), EINVAL). */
export type NamespaceKind = 'net' | 'ipc' | 'uts';
const flags: Record<NamespaceKind, number> = { net: 0x40000000, ipc: 0x08000000, uts: 0x04000000 };

const unshareCall = libc.func('int unshare(int flags)');
const setnsCall = libc.func('int setns(int fd, int type)');
const sethostname = libc.func('int sethostname(const char *name, size_t length)');

/** What a pod's namespaces shall be. */
export interface PinRequest {
  /** Kind → the file to pin it on. Kinds not named stay the host's. */
  readonly pins: Partial<Readonly<Record<NamespaceKind | 'user', string>>>;
  /** At most 64 bytes; set only where `uts` is pinned. */
  readonly hostname: string;
  /** `net.ipv4.ip_forward` → value; each belongs to a pinned kind. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Runs inside the new namespaces, before they are pinned: brings lo up. */
  readonly inside: () => void;
  /** They are made already, by a process in a user namespace that owns them; `root` is whom its root is outside. */
  readonly holder?: { readonly pid: number; readonly root: number };
}

/**
 * Makes namespaces on the calling thread, sets them up, pins them as bind mounts of nsfs and goes back to
 * the host's. Only for a Worker whose thread does nothing else, and with synchronous calls only: a libuv
 * thread born meanwhile would live in the pod. /proc/thread-self, because /proc/self is the main thread's.
 */
export function pinNamespaces(request: PinRequest): void {
  const { pins, holder } = request;
  const kinds = (Object.keys(pins) as (NamespaceKind | 'user')[]).filter((kind) => kind !== 'user');
  const home = kinds.map((kind) => ({ kind, fd: openSync(`/proc/thread-self/ns/${kind}`, 'r') }));
  try {
    if (holder === undefined)
      checked(unshareCall(kinds.reduce((all, kind) => all | flags[kind], 0)) as number, 'make namespaces');
    try {
      if (holder !== undefined) for (const kind of kinds) enter(kind, `/proc/${holder.pid}/ns/${kind}`);
      if (request.pins.uts !== undefined)
        checked(sethostname(request.hostname, Buffer.byteLength(request.hostname)) as number, 'set the hostname');
      if (request.pins.net !== undefined) request.inside();
      for (const [key, value] of Object.entries(request.sysctls)) writeSysctlAs(key, value, holder?.root ?? 0);
      for (const kind of kinds) pin(`/proc/thread-self/ns/${kind}`, pins[kind] ?? '');
      if (holder !== undefined && pins.user !== undefined) pin(`/proc/${holder.pid}/ns/user`, pins.user);
    } finally {
      for (const { kind, fd } of home)
        checked(setnsCall(fd, flags[kind]) as number, `return to the host's ${kind} namespace`);
    }
  } finally {
    home.forEach(({ fd }) => closeSync(fd));
  }
}

function enter(kind: NamespaceKind, path: string): void {
  const fd = openSync(path, 'r');
  try {
    checked(setnsCall(fd, flags[kind]) as number, `enter ${path}`);
  } finally {
    closeSync(fd);
  }
}

function pin(namespace: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, '', { mode: 0o444 });
  bindMount(namespace, path);
}

/** Lets go of a pinned namespace; the kernel ends it with its last user. Absent is fine. */
export function unpinNamespace(path: string): void {
  while (unmount(path));
  rmSync(path, { force: true });
}

/** `net:[4026531840]`: the identity of a thread's or process's namespace. */
export function namespaceIdentity(pid: number | 'self', kind: string): string {
  return readlinkSync(`/proc/${pid}/ns/${kind}`);
}

/** Those of the ipc namespace are its owner's root's to write, and nobody else's; those of the network root's too. */
function writeSysctlAs(key: string, value: string, root: number): void {
  if (root === 0 || key.startsWith('net.')) writeSysctl(key, value);
  else asUser(root, () => writeSysctl(key, value));
}

function writeSysctl(key: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, value);
  } catch (error) {
    const what = `set sysctl ${key}=${value}`;
    const why = sysctlRefusals[errnoOf(error) ?? ''];
    throw why === undefined ? during(what, error) : fail('invalid_argument', `${what}: ${why}`, error);
  }
}

/** What the kernel says of a name or value it does not take; the rest is our own trouble. */
const sysctlRefusals: Readonly<Record<string, string>> = {
  ENOENT: 'this kernel has none of that name in a namespace; look at its spelling, or load the module that has it',
  EISDIR: 'that is a group of sysctls; name one of them',
  EINVAL: 'the kernel does not take this value',
  ERANGE: 'the kernel does not take this value: it is out of range',
  EACCES: 'the kernel lets nobody write it in a namespace',
  EPERM: 'the kernel lets nobody write it in a namespace',
};
