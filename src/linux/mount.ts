import { checked, errno, errnoName, libc, syscallError } from './libc.ts';

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_BIND = 4096;
export const MS_REC = 16384;
export const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

const mount2 = libc.func(
  'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
);
const umount2 = libc.func('int umount2(const char *target, int flags)');

/** mount(2). Errors: `not_found` (ENOENT), else `internal` with the errno name as cause. */
export function mount(source: string, target: string, options: { type?: string; flags?: number; data?: string }): void {
  const { type = '', flags = 0, data = '' } = options;
  checked(mount2(source, target, type, flags, data) as number, `mount ${type || 'bind'} on ${target}`);
}

/** Binds one file or directory onto another. */
export function bindMount(source: string, target: string): void {
  mount(source, target, { flags: MS_BIND });
}

/** Takes the topmost mount off a path, lazily; never follows a symlink. False if nothing is mounted there. */
export function unmount(target: string): boolean {
  if ((umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) as number) === 0) return true;
  const code = errno();
  const name = errnoName(code);
  if (name === 'EINVAL' || name === 'ENOENT' || name === 'ENOTDIR') return false;
  throw syscallError(`unmount ${target}`, code);
}
