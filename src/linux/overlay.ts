import { closeQuietly } from './fds.ts';
import { checked, errno, errnoName, libc, syscallError } from './libc.ts';
import { mount } from './mount.ts';

const SYS_move_mount = 429;
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
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
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/**
 * Mounts a container's root file system. `volatile` (5.10): its data need not outlive a power cut, and
 * unmounting does not sync. `lowerdir+` (6.5) takes any number of layers; before it, one option of 4 KiB.
 * It may wait for a disk: call it from a Worker.
 */
export function mountOverlay(overlay: Overlay): void {
  const context = fsopen(SYS_fsopen, 'overlay', FSOPEN_CLOEXEC) as number;
  if (context < 0) throw syscallError('open the overlay file system (modprobe overlay)');
  try {
    for (const layer of overlay.lower)
      if (!set(context, 'lowerdir+', layer)) {
        mountClassic(overlay);
        return;
      }
    for (const [key, value] of [
      ['upperdir', overlay.upper],
      ['workdir', overlay.work],
    ] as const)
      if (!set(context, key, value)) throw syscallError(`set ${key} of the overlay on ${overlay.target}`);
    fsconfig(SYS_fsconfig, context, FSCONFIG_SET_FLAG, 'volatile', null, 0);
    checked(
      fsconfig(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0) as number,
      `make the overlay for ${overlay.target}`,
    );
    attach(context, overlay.target);
  } finally {
    closeQuietly(context);
  }
}

function set(context: number, key: string, value: string): boolean {
  if ((fsconfig(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0) as number) === 0) return true;
  const code = errno();
  if (key === 'lowerdir+' && errnoName(code) === 'EINVAL') return false;
  throw syscallError(`overlay ${key}=${value}`, code);
}

function attach(context: number, target: string): void {
  const fd = checked(fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0) as number, `make the mount for ${target}`);
  try {
    checked(
      moveMount(SYS_move_mount, fd, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) as number,
      `mount the overlay on ${target}`,
    );
  } finally {
    closeQuietly(fd);
  }
}

function mountClassic(overlay: Overlay): void {
  const options = `lowerdir=${overlay.lower.map(escape).join(':')},upperdir=${overlay.upper},workdir=${overlay.work}`;
  mount('overlay', overlay.target, { type: 'overlay', data: `${options},volatile` });
}

/** Colons and backslashes separate in lowerdir=. */
function escape(path: string): string {
  return path.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}
