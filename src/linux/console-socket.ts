import { closeSync, constants as files, openSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { errno, libc, syscallError } from './libc.ts';
import { closeDescriptor, tryAccept } from './sockets.ts';
import { listenUnix } from './unix.ts';
import type { Watcher } from './watcher.ts';

const recvmsg = libc.func('int64_t recvmsg(int fd, uint8_t *message, int flags)');
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

const O_PATH = 0o10000000;

/**
 * Where an OCI runtime hands over the master of a terminal that it made inside a container (`--console-socket`):
 * it connects and sends one descriptor.
 */
export class ConsoleSocket implements Disposable {
  /** For the runtime, a child of ours. However long the directory's own path is, this one fits into an address. */
  readonly path: string;
  readonly #directory: number;
  readonly #fd: number;
  readonly #watcher: Watcher;
  #connection: number | undefined;
  /** Nothing is sent any more. */
  #over = false;
  #watch: Disposable | undefined;

  /** Errors: EADDRINUSE where `name` is taken in `directory`. */
  constructor(watcher: Watcher, directory: string, name: string) {
    this.#watcher = watcher;
    this.#directory = openSync(directory, O_PATH | files.O_DIRECTORY);
    this.path = join('/proc', String(process.pid), 'fd', String(this.#directory), name);
    try {
      this.#fd = listenUnix(this.path);
    } catch (error) {
      closeSync(this.#directory);
      throw error;
    }
  }

  /** Resolves with the descriptor, which the caller owns; never, if nobody sends one. */
  async receive(): Promise<number> {
    for (;;) {
      const received = this.take();
      if (received !== undefined) return received;
      if (this.#over) return new Promise<never>(() => undefined);
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#watch = this.#watcher.onReadable(this.#connection ?? this.#fd, () => resolve(undefined));
      await promise;
      this.#watch[Symbol.dispose]();
    }
  }

  /** The descriptor, if it was sent already; none once this is disposed of, when its numbers may be another's. */
  take(): number | undefined {
    if (this.#over) return undefined;
    this.#connection ??= tryAccept(this.#fd);
    const received = this.#connection === undefined ? undefined : receiveDescriptor(this.#connection);
    this.#over = received === 'none';
    return received === 'none' ? undefined : received;
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#watch?.[Symbol.dispose]();
    if (this.#connection !== undefined) closeDescriptor(this.#connection);
    closeDescriptor(this.#fd);
    rmSync(this.path, { force: true });
    closeSync(this.#directory);
  }
}

/**
 * struct msghdr, iovec and cmsghdr of 64-bit Linux by hand; the message's own bytes are of no interest. Undefined: it
 * has not come yet.
 */
function receiveDescriptor(fd: number): number | 'none' | undefined {
  const bytes = Buffer.alloc(4096);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(koffi.address(bytes), 0);
  vector.writeBigUInt64LE(BigInt(bytes.length), 8);
  const control = Buffer.alloc(64);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(koffi.address(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  if (Number(recvmsg(fd, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0) {
    const code = errno();
    if (code === constants.errno.EAGAIN) return undefined;
    throw syscallError('receive a terminal', code);
  }
  const filled = Number(message.readBigUInt64LE(40));
  if (filled < 20 || control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return 'none';
  return control.readInt32LE(16);
}
