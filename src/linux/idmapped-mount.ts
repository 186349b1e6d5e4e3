import { errno, errnoName, checked, libc, syscallError } from './libc.ts';
import { closeQuietly } from './fds.ts';

const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_mount_setattr = 442;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const AT_FDCWD = -100;
const MOUNT_ATTR_RDONLY = 0x1n;
const MOUNT_ATTR_IDMAP = 0x100000n;

const openTree = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'uint']);
const mountSetattr = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'uint', 'void *', 'size_t']);
const moveMount = libc.func('syscall', 'long', ['long', 'int', 'const char *', 'int', 'const char *', 'uint']);

export interface IdmappedMount {
  readonly source: string;
  /** A directory for a directory, a file for a file. */
  readonly target: string;
  readonly readonly: boolean;
}

/**
 * Mounts a directory with all that is mounted below it, or a file, on another, with the owners of files shifted as a user
 * namespace (an open descriptor) maps them: what is root's on the disk is the namespace's root's there. Nothing is
 * copied, and the source stays as it is, so that one layer serves pods with different maps. Since Linux 5.12 for ext4
 * and xfs, 6.3 for tmpfs; overlayfs takes such mounts as lower layers since 5.19. Mounts below that cannot keep their
 * owners. False where the kernel or the file system of the source cannot. It may wait for a disk.
 */
export function mountIdmapped({ source, target, readonly }: IdmappedMount, userNamespace: number): boolean {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  const tree = checked(openTree(SYS_open_tree, AT_FDCWD, source, flags) as number, `clone the mount of ${source}`);
  try {
    if (!shift(tree, source, userNamespace)) return false;
    if (readonly) setAttributes(tree, source, { set: MOUNT_ATTR_RDONLY, userNamespace: 0 }, AT_RECURSIVE);
    const moved = moveMount(SYS_move_mount, tree, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) as number;
    checked(moved, `mount ${source} on ${target}`);
    return true;
  } finally {
    closeQuietly(tree);
  }
}

/** All of the tree, or where something mounted below cannot, its top alone. */
function shift(tree: number, source: string, userNamespace: number): boolean {
  const wanted = { set: MOUNT_ATTR_IDMAP, userNamespace };
  return setAttributes(tree, source, wanted, AT_RECURSIVE) || setAttributes(tree, source, wanted, 0);
}

/** False where the kernel or a file system cannot. */
function setAttributes(
  tree: number,
  source: string,
  { set, userNamespace }: { readonly set: bigint; readonly userNamespace: number },
  flags: number,
): boolean {
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(set, 0);
  attributes.writeBigUInt64LE(BigInt(userNamespace), 24);
  const at = AT_EMPTY_PATH | flags;
  const result = mountSetattr(SYS_mount_setattr, tree, '', at, attributes, attributes.length) as number;
  if (result >= 0) return true;
  const code = errno();
  if (['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'].includes(errnoName(code))) return false;
  throw syscallError(`shift the owners of ${source}`, code);
}
