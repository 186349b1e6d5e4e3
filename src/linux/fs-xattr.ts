import { libc, errno, errnoName, syscallError } from './libc.ts';

const cFsetxattr = libc.func('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)');

/** Sets an attribute of an open file. False where the file system or the file's type has none (ENOTSUP, EPERM). */
export function setXattr(fd: number, name: string, value: Uint8Array): boolean {
  if (Number(cFsetxattr(fd, name, value, value.length, 0)) >= 0) return true;
  const code = errno();
  const what = errnoName(code);
  if (what === 'ENOTSUP' || what === 'EOPNOTSUPP' || what === 'EPERM') return false;
  throw syscallError(`set attribute ${name}`, code);
}
