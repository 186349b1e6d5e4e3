import { constants, openSync } from 'node:fs';
import { fail } from '../base/errors.ts';
import { closeQuietly } from './fds.ts';
import { checked, errno, errnoName, libc, syscallError } from './libc.ts';
import { MS_RDONLY, mount } from './mount.ts';

const SYS_move_mount = 429;
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const MOUNT_ATTR_RDONLY = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_FDCWD = -100;

const fsopen = libc.func('syscall', 'long', ['long', 'const char *', 'uint']);
const fsconfig = libc.func('syscall', 'long', ['long', 'int', 'uint', 'const char *', 'const char *', 'int']);
const fsmount = libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint']);
const moveMount = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'int', 'const char *', 'uint']);

export interface Overlay {
  /** Top layer first. */
  readonly lower: readonly string[];
  /** Where changes go; without it the mount is read-only and needs two lower layers. */
  readonly write?: { readonly upper: string; readonly work: string };
  readonly target: string;
  /** SELinux context of every file in it; none: as they are. */
  readonly label?: string;
}

/**
 * Mounts layers over each other. `volatile` (5.10): its data need not outlive a power cut, and
 * unmounting does not sync. Layers are added one by one where the kernel can (`lowerdir+`, 6.8), and there is no
 * limit to them but the kernel's 500; before it, one option string of a page takes them.
 * It may wait for a disk: call it from a Worker.
 */
export function mountOverlay(overlay: Overlay): void {
  if (!mountLayerByLayer(overlay)) mountClassic(overlay);
}

/**
 * False where the kernel does not know `lowerdir+`. Kernels before 6.5 (overlayfs without parameters of its own) take
 * any name and refuse it only when the file system is made.
 */
function mountLayerByLayer(overlay: Overlay): boolean {
  const context = fsopen(SYS_fsopen, 'overlay', FSOPEN_CLOEXEC) as number;
  if (context < 0) throw syscallError('open the overlay file system (modprobe overlay)');
  try {
    const { write, label } = overlay;
    const parameters = [
      ...overlay.lower.map((layer) => ['lowerdir+', layer] as const),
      ...(write === undefined ? [] : [['upperdir', write.upper] as const, ['workdir', write.work] as const]),
      ...(label === undefined ? [] : [['context', label] as const]),
    ];
    for (const [key, value] of parameters)
      if (!accepted(fsconfig(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) as number, `${key}=${value}`))
        return false;
    fsconfig(SYS_fsconfig, context, FSCONFIG_SET_FLAG, write === undefined ? 'ro' : 'volatile', null, 0);
    const made = fsconfig(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0) as number;
    if (!accepted(made, `make the overlay for ${overlay.target}`)) return false;
    attach(context, overlay);
    return true;
  } finally {
    closeQuietly(context);
  }
}

/** EINVAL may mean a kernel that is too old: the classic way has the last word on it. */
function accepted(result: number, what: string): boolean {
  if (result === 0) return true;
  const code = errno();
  if (errnoName(code) === 'EINVAL') return false;
  throw syscallError(`overlay: ${what}`, code);
}

function attach(context: number, { target, write }: Overlay): void {
  const attributes = write === undefined ? MOUNT_ATTR_RDONLY : 0;
  const fd = checked(
    fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes) as number,
    `make the mount for ${target}`,
  );
  try {
    checked(
      moveMount(SYS_move_mount, fd, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) as number,
      `mount the overlay on ${target}`,
    );
  } finally {
    closeQuietly(fd);
  }
}

/** mount(2) copies one page of options, its final zero included, and cuts the rest off without a word. */
const optionBytes = 4095;

/** The way of every kernel. Errors: `failed_precondition` for more layers than a page of options can name. */
export function mountClassic(overlay: Overlay): void {
  const data = optionsFor(overlay, overlay.lower);
  if (Buffer.byteLength(data) <= optionBytes)
    mount('overlay', overlay.target, { type: 'overlay', data, flags: flagsOf(overlay) });
  else mountByDescriptors(overlay);
}

/** Descriptors make the shortest paths there are: 200 layers fit into a page. The kernel keeps no path. */
function mountByDescriptors(overlay: Overlay): void {
  const held: number[] = [];
  try {
    for (const layer of overlay.lower) held.push(openSync(layer, constants.O_RDONLY | constants.O_DIRECTORY));
    const data = optionsFor(
      overlay,
      held.map((fd) => `/proc/self/fd/${fd}`),
    );
    if (Buffer.byteLength(data) > optionBytes)
      throw fail('failed_precondition', `${overlay.lower.length} layers are too many for this kernel: 6.8 takes 500`);
    mount('overlay', overlay.target, { type: 'overlay', data, flags: flagsOf(overlay) });
  } finally {
    held.forEach(closeQuietly);
  }
}

function optionsFor({ write, label }: Overlay, lower: readonly string[]): string {
  const context = label === undefined ? '' : `,context="${label}"`;
  const layers = `lowerdir=${lower.map(escapeLayer).join(':')}${context}`;
  return write === undefined
    ? layers
    : `${layers},upperdir=${escape(write.upper)},workdir=${escape(write.work)},volatile`;
}

const flagsOf = ({ write }: Overlay) => (write === undefined ? MS_RDONLY : 0);

/** A backslash saves what would end an option; in lowerdir a colon ends a layer. */
const escape = (path: string): string => path.replace(/[\\,]/g, '\\$&');
const escapeLayer = (path: string): string => escape(path).replaceAll(':', '\\:');
