import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { makePipe } from './fds.ts';
import { checked, libc } from './libc.ts';
import { siblingModule } from './worker/module.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLPRI = 2;
const EPOLLOUT = 4;
const EPOLLONESHOT = 1 << 30;
/** struct epoll_event is packed on x86-64 only. */
const dataOffset = process.arch === 'x64' ? 4 : 8;
const eventSize = dataOffset + 8;

const epollCreate = libc.func('int epoll_create1(int flags)');
const epollCtl = libc.func('int epoll_ctl(int epfd, int op, int fd, uint8_t *event)');

interface Watched {
  readonly fd: number;
  readonly events: number;
  readonly onReady: () => void;
  /** Milliseconds from a report until the next one may come. */
  readonly pauseMs?: number;
}

/**
 * Watches descriptors Node cannot poll: pidfds, inotify, eventfds. A Worker sits in epoll_wait and posts
 * the tokens of what became readable. Each report is one-shot and re-armed after its callback ran, so a
 * busy descriptor cannot flood the main thread.
 */
export class Watcher implements AsyncDisposable {
  readonly #epoll: number;
  readonly #wake: { readonly read: number; readonly write: number };
  readonly #worker: Worker;
  readonly #watched = new Map<number, Watched>();
  #nextToken = 1;

  constructor() {
    this.#epoll = checked(epollCreate(EPOLL_CLOEXEC) as number, 'make an epoll instance');
    this.#wake = makePipe();
    this.#control(EPOLL_CTL_ADD, { fd: this.#wake.read, events: EPOLLIN }, 0);
    this.#worker = new Worker(siblingModule(import.meta.url, './watcher-worker'), {
      workerData: { epoll: this.#epoll, eventSize, dataOffset },
      stdin: false,
      name: 'watcher',
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 },
    });
    this.#worker.on('message', (tokens: readonly number[]) => tokens.forEach((token) => this.#report(token)));
    this.#worker.unref();
  }

  /**
   * Calls back each time `fd` is readable, once in `pauseMs` at most, until disposed. The caller closes the fd after
   * disposing.
   */
  onReadable(fd: number, onReadable: () => void, pauseMs?: number): Disposable {
    return this.#watch({ fd, events: EPOLLIN, onReady: onReadable, ...(pauseMs !== undefined && { pauseMs }) });
  }

  /** The same for room to write. A descriptor is watched once at a time: who watches for both duplicates it. */
  onWritable(fd: number, onWritable: () => void): Disposable {
    return this.#watch({ fd, events: EPOLLOUT, onReady: onWritable });
  }

  /** The same for kernel files that are always readable, and tell a change by POLLPRI. One change in `pauseMs` at most. */
  onChange(fd: number, onChange: () => void, pauseMs: number): Disposable {
    return this.#watch({ fd, events: EPOLLPRI, onReady: onChange, pauseMs });
  }

  #watch(watched: Watched): Disposable {
    const token = this.#nextToken++;
    this.#watched.set(token, watched);
    this.#control(EPOLL_CTL_ADD, watched, token);
    return {
      [Symbol.dispose]: () => {
        if (this.#watched.delete(token)) this.#control(EPOLL_CTL_DEL, watched, token);
      },
    };
  }

  /** Resolves when `fd` is readable, then forgets it. */
  async readable(fd: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    using _watch = this.onReadable(fd, () => resolve(undefined));
    await promise;
  }

  #report(token: number): void {
    const entry = this.#watched.get(token);
    if (entry === undefined) return;
    entry.onReady();
    if (entry.pauseMs === undefined) this.#rearm(token, entry);
    else setTimeout(() => this.#rearm(token, entry), entry.pauseMs).unref();
  }

  #rearm(token: number, entry: Watched): void {
    if (this.#watched.has(token)) this.#control(EPOLL_CTL_MOD, entry, token);
  }

  #control(op: number, { fd, events }: Pick<Watched, 'fd' | 'events'>, token: number): void {
    const event = Buffer.alloc(eventSize);
    event.writeUInt32LE((events | EPOLLONESHOT) >>> 0, 0);
    event.writeUInt32LE(token, dataOffset);
    checked(epollCtl(this.#epoll, op, fd, event) as number, `watch descriptor ${fd}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    // Nothing else may keep the loop alive by now: the process would end here, in the middle of its end.
    this.#worker.ref();
    writeSync(this.#wake.write, 'x');
    await ended;
    for (const fd of [this.#epoll, this.#wake.read, this.#wake.write]) closeSync(fd);
  }
}
