import { errno, errnoName, checked, libc, syscallError } from './libc.ts';
import { closeQuietly } from './fds.ts';

const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_mount_setattr = 442;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_EMPTY_PATH = 0x1000;
const AT_FDCWD = -100;
const MOUNT_ATTR_RDONLY = 0x1n;
const MOUNT_ATTR_IDMAP = 0x100000n;

const openTree = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'uint']);
const mountSetattr = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'uint', 'void *', 'size_t']);
const moveMount = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'int', 'const char *', 'uint']);

/**
 * Mounts a directory read-only on another, with the owners of its files shifted as a user namespace maps them: what
 * is root's on the disk is the namespace's root's there. Nothing is copied, and the directory itself stays as it is, so
 * that one layer serves pods with different maps. Since Linux 5.12 for ext4 and xfs; overlayfs takes such mounts as
 * lower layers since 5.19. False where the kernel or the file system cannot. It may wait for a disk.
 */
export function mountIdmapped(source: string, target: string, userNamespace: number): boolean {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  const tree = checked(openTree(SYS_open_tree, AT_FDCWD, source, flags) as number, `clone the mount of ${source}`);
  try {
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    const attributes = Buffer.alloc(32);
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY, 0);
    attributes.writeBigUInt64LE(BigInt(userNamespace), 24);
    const set = mountSetattr(SYS_mount_setattr, tree, '', AT_EMPTY_PATH, attributes, attributes.length) as number;
    if (set < 0) {
      const code = errno();
      if (['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'].includes(errnoName(code))) return false;
      throw syscallError(`shift the owners of ${source}`, code);
    }
    const moved = moveMount(SYS_move_mount, tree, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) as number;
    checked(moved, `mount ${source} on ${target}`);
    return true;
  } finally {
    closeQuietly(tree);
  }
}
