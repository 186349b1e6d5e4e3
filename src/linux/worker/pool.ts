import { Worker } from 'node:worker_threads';
import { abortError } from '../../base/abort.ts';
import { fail } from '../../base/errors.ts';
import { IdleTime } from './idle-time.ts';
import type { Ready, Reply, Tasks } from './serve.ts';

export interface PoolOptions {
  readonly name: string;
  readonly module: URL;
  /** Workers at most; a call beyond waits in line. */
  readonly size: number;
  /** Milliseconds after which an unused Worker ends, at first (see IdleTime); Infinity keeps the first one. */
  readonly idleMs: number;
  /** Node opens its files, and closes what is open when the Worker ends. Default: no, some come from libc. */
  readonly holdsFiles?: boolean;
  /** What each Worker finds as `workerData`. */
  readonly data?: unknown;
  /** Told when a Worker had to be abandoned in the middle of a task. */
  readonly onStuck?: (task: string) => void;
}

interface Job {
  readonly task: string;
  readonly argument: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal;
  /** Told when a Worker begins with it. */
  readonly onBegin: () => void;
  worker?: PoolWorker;
}

interface PoolWorker {
  readonly thread: Worker;
  /** It has loaded what it needs; a job that it was chosen for goes over then. */
  ready: boolean;
  job: Job | undefined;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Workers for calls that can wait for a disk or a path a user named. A task whose signal fires is answered
 * at once with the signal's error; its Worker is given up (it cannot be interrupted in a syscall) and ends
 * whenever the kernel lets it.
 */
export class WorkerPool<T extends Tasks> implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #workers = new Set<PoolWorker>();
  readonly #line: Job[] = [];
  readonly #idle: IdleTime;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#idle = new IdleTime(options.idleMs);
  }

  /** Runs a task. Errors: the task's, `cancelled` or `deadline_exceeded` when the signal fires first. */
  async call<Name extends keyof T & string>(
    task: Name,
    argument: Parameters<T[Name]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<T[Name]>>> {
    return this.#run(task, argument, signal, () => undefined);
  }

  /**
   * The same, and the task may take `ms` at most once a Worker has begun with it: that none was free, or that one took
   * long to start on a busy machine, is not the task's. Errors: `deadline_exceeded` then too.
   */
  async callWithin<Name extends keyof T & string>(
    ms: number,
    task: Name,
    argument: Parameters<T[Name]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<T[Name]>>> {
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const begin = () => {
      const message = `${task} took longer than ${ms} ms`;
      timer = setTimeout(() => late.abort(fail('deadline_exceeded', message)), ms);
    };
    try {
      return await this.#run(task, argument, AbortSignal.any([signal, late.signal]), begin);
    } finally {
      clearTimeout(timer);
    }
  }

  async #run<Name extends keyof T & string>(
    task: Name,
    argument: Parameters<T[Name]>[0],
    signal: AbortSignal,
    onBegin: () => void,
  ): Promise<Awaited<ReturnType<T[Name]>>> {
    if (signal.aborted) throw abortError(signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const job: Job = { task, argument, resolve, reject, signal, onBegin };
    const onAbort = () => this.#giveUp(job);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#line.push(job);
    this.#dispatch();
    try {
      return (await promise) as Awaited<ReturnType<T[Name]>>;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Calls waiting for a Worker, for the queue metric. */
  get waiting(): number {
    return this.#line.length;
  }

  #dispatch(): void {
    while (this.#line.length > 0) {
      const worker = this.#freeWorker();
      if (worker === undefined) return;
      const job = this.#line.shift();
      if (job === undefined) return;
      clearTimeout(worker.idle);
      worker.job = job;
      job.worker = worker;
      worker.thread.ref();
      if (worker.ready) this.#begin(worker, job);
    }
  }

  #begin(worker: PoolWorker, job: Job): void {
    job.onBegin();
    worker.thread.postMessage({ id: 0, task: job.task, argument: job.argument });
  }

  #freeWorker(): PoolWorker | undefined {
    for (const worker of this.#workers) if (worker.job === undefined) return worker;
    return this.#workers.size < this.#options.size ? this.#start() : undefined;
  }

  #start(): PoolWorker {
    const { module, name, data, holdsFiles = false } = this.#options;
    const thread = new Worker(module, {
      ...workerOptions(name),
      workerData: data,
      trackUnmanagedFds: holdsFiles,
    });
    const worker: PoolWorker = { thread, ready: false, job: undefined, idle: undefined };
    this.#workers.add(worker);
    this.#idle.started(performance.now());
    thread.on('message', (told: Ready | Reply) =>
      'ready' in told ? this.#started(worker) : this.#finish(worker, told),
    );
    thread.on('error', (error: Error) => this.#lose(worker, error));
    thread.on('exit', () => this.#lose(worker, new Error('the worker ended')));
    return worker;
  }

  #started(worker: PoolWorker): void {
    worker.ready = true;
    if (worker.job === undefined) this.#rest(worker);
    else this.#begin(worker, worker.job);
  }

  /** It has nothing to do, and ends after a while of that. */
  #rest(worker: PoolWorker): void {
    worker.job = undefined;
    worker.thread.unref();
    if (Number.isFinite(this.#idle.ms)) worker.idle = setTimeout(() => this.#retire(worker), this.#idle.ms).unref();
  }

  #finish(worker: PoolWorker, reply: Reply): void {
    const { job } = worker;
    this.#rest(worker);
    if (reply.ok) job?.resolve(reply.value);
    else job?.reject(fail(reply.code, reply.message, reply.errno === undefined ? undefined : withErrno(reply)));
    this.#dispatch();
  }

  #giveUp(job: Job): void {
    const index = this.#line.indexOf(job);
    if (index >= 0) this.#line.splice(index, 1);
    else if (job.worker?.job === job) this.#leave(job.worker, job.task);
    job.reject(abortError(job.signal));
    this.#dispatch();
  }

  /**
   * One that is still starting is kept for who comes next: it hangs in nothing that it was told to do. On a machine so
   * busy that a start takes longer than who asks may wait, no Worker would ever come to its work otherwise.
   */
  #leave(worker: PoolWorker, task: string): void {
    if (!worker.ready) {
      worker.job = undefined;
      worker.thread.unref();
      return;
    }
    this.#options.onStuck?.(task);
    this.#end(worker);
  }

  #lose(worker: PoolWorker, error: Error): void {
    this.#workers.delete(worker);
    worker.job?.reject(fail('internal', `${this.#options.name} worker failed: ${error.message}`, error));
    worker.job = undefined;
    this.#dispatch();
  }

  #retire(worker: PoolWorker): void {
    this.#idle.ended(performance.now());
    this.#end(worker);
  }

  #end(worker: PoolWorker): void {
    this.#workers.delete(worker);
    worker.job = undefined;
    worker.thread.unref();
    void worker.thread.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const idle = [...this.#workers].filter((worker) => worker.job === undefined);
    for (const worker of [...this.#workers]) this.#end(worker);
    await Promise.all(idle.map((worker) => worker.thread.terminate()));
  }
}

/** A young generation as large as V8 likes would cost 30 MB a Worker for garbage. */
const workerOptions = (name: string) => ({
  name,
  stdin: false,
  resourceLimits: { maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
});

function withErrno(reply: { readonly errno: string | undefined; readonly message: string }): Error {
  return Object.assign(new Error(reply.message), { code: reply.errno });
}
