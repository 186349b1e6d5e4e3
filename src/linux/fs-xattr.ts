import { libc, errno, errnoName, syscallError } from './libc.ts';

const cFsetxattr = libc.func('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)');
const cLsetxattr = libc.func(
  'int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
);
const cLgetxattr = libc.func(
  'int64_t lgetxattr(const void *path, const char *name, _Out_ uint8_t *value, size_t size)',
);
const cLlistxattr = libc.func('int64_t llistxattr(const void *path, _Out_ uint8_t *list, size_t size)');

/** XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel. */
const largest = 65_536;

/** Sets an attribute of an open file. False where the file system or the file's type has none (ENOTSUP, EPERM). */
export function setXattr(fd: number, name: string, value: Uint8Array): boolean {
  if (Number(cFsetxattr(fd, name, value, value.length, 0)) >= 0) return true;
  const code = errno();
  const what = errnoName(code);
  if (what === 'ENOTSUP' || what === 'EOPNOTSUPP' || what === 'EPERM') return false;
  throw syscallError(`set attribute ${name}`, code);
}

/** Sets an attribute of a name, links not followed; one that has gone is fine. False where the file system has none. */
export function changeXattr(path: Buffer, name: string, value: Uint8Array): boolean {
  if (Number(cLsetxattr(terminated(path), name, value, value.length, 0)) >= 0) return true;
  const code = errno();
  const what = errnoName(code);
  if (what === 'ENOENT') return true;
  if (what === 'ENOTSUP' || what === 'EOPNOTSUPP') return false;
  throw syscallError(`set attribute ${name} of ${path.toString()}`, code);
}

/** An attribute of a name, links not followed; undefined where it has none such. The path is raw bytes. */
export function readXattr(path: Buffer, name: string): Buffer | undefined {
  const value = Buffer.alloc(largest);
  const length = Number(cLgetxattr(terminated(path), name, value, value.length));
  if (length >= 0) return Buffer.from(value.subarray(0, length));
  demandAbsence(`read attribute ${name}`);
  return undefined;
}

/** The names of all attributes of a name, links not followed. */
export function listXattrs(path: Buffer): readonly string[] {
  const list = Buffer.alloc(largest);
  const length = Number(cLlistxattr(terminated(path), list, list.length));
  if (length < 0) demandAbsence('list attributes');
  return list
    .toString('latin1', 0, Math.max(length, 0))
    .split('\0')
    .filter((name) => name !== '');
}

const terminated = (path: Buffer): Buffer => Buffer.concat([path, Buffer.alloc(1)]);

/** Throws unless the last call failed because there is nothing (ENODATA: no such attribute). */
function demandAbsence(what: string): void {
  const code = errno();
  if (['ENODATA', 'ENOTSUP', 'EOPNOTSUPP', 'ENOENT', 'ENOTDIR'].includes(errnoName(code))) return;
  throw syscallError(what, code);
}
