import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { parseInstanceId } from '../../../src/base/ids.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { ignoreSteps } from '../../../src/base/steps.ts';
import { openCgroups } from '../../../src/cgroups/cgroups.ts';
import { openPodCalls } from '../../../src/linux/pod-calls.ts';
import type { PodCalls } from '../../../src/linux/pod-calls.ts';
import { Watcher } from '../../../src/linux/watcher.ts';
import { openAttachSession } from '../../../src/sandbox/container/attach.ts';
import type { AttachRequest } from '../../../src/sandbox/container/attach.ts';
import { openExecSession } from '../../../src/sandbox/container/exec-session.ts';
import type { ExecSessionRequest } from '../../../src/sandbox/container/exec-session.ts';
import type { ProcessSession } from '../../../src/sandbox/container/session.ts';
import { parseDetachKeys } from '../../../src/sandbox/container/streams/detach-keys.ts';
import { dialPod } from '../../../src/sandbox/pod/dial.ts';
import { loadStore } from '../../../src/sandbox/store/load.ts';
import { createPaths } from '../../../src/sandbox/store/paths.ts';
import { createStore } from '../../../src/sandbox/store/store.ts';
import type { Cricket } from '../../fixtures/daemon.ts';

export type ExecWish = Partial<Omit<ExecSessionRequest, 'containerId'>> & Pick<ExecSessionRequest, 'command'>;

/**
 * Sessions with the containers of a daemon as its streaming server opens them, in this process: with no client
 * between, the streams themselves can be held back, flooded and dropped.
 */
export class StreamLab implements AsyncDisposable {
  readonly #cricket: Cricket;
  readonly #watcher = new Watcher();
  readonly #podCalls: PodCalls = openPodCalls({ onStuck: () => undefined });
  readonly #lifetime = new AbortController();

  constructor(cricket: Cricket) {
    this.#cricket = cricket;
  }

  /** Objects are read from the daemon's records, each time anew. */
  async #parts() {
    const { root, state, instance, cgroup } = this.#cricket;
    const log = silentLogger();
    const paths = createPaths(root, state, parseInstanceId(instance));
    const store = await createStore(paths, log);
    await loadStore(store, paths, { bootId: '', log });
    const crun = {
      name: 'crun',
      path: '/usr/bin/crun',
      root: join(state, 'runtimes/crun'),
      options: [],
      annotations: [],
    };
    return {
      ...{ log, paths, store, watcher: this.#watcher, podCalls: this.#podCalls, lifetime: this.#lifetime.signal },
      cgroups: openCgroups(),
      reach: ignoreSteps,
      runtimes: new Map([['crun', crun]]),
      settings: {
        ...{
          conmon: '',
          init: '',
          cgroupParent: cgroup,
          pidsLimit: -1,
          logSizeMax: -1,
          rlimits: [],
          ulimitsByAnnotation: false,
          hardLimits: new Map<string, bigint>(),
          hookDirectories: [],
          blockIoClasses: {},
          defaultRuntime: 'crun',
        },
        detachKeys: parseDetachKeys('ctrl-p,ctrl-q'),
      },
    };
  }

  async exec({ id }: { readonly id: string }, wish: ExecWish, signal = never): Promise<ProcessSession> {
    const tty = wish.tty ?? false;
    const streams = { stdin: false, stdout: true, stderr: !tty };
    return openExecSession(await this.#parts(), { containerId: id, tty, ...streams, ...wish }, signal);
  }

  async attach({ id }: { readonly id: string }, wish: Partial<AttachRequest> = {}): Promise<ProcessSession> {
    const streams = { stdin: false, stdout: true, stderr: true };
    return openAttachSession(await this.#parts(), { containerId: id, ...streams, ...wish }, never);
  }

  async dial({ id }: { readonly id: string }, port: number, signal = never): Promise<Duplex> {
    return dialPod(await this.#parts(), id, port, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort();
    await this.#watcher[Symbol.asyncDispose]();
    await this.#podCalls[Symbol.asyncDispose]();
  }
}

const never = new AbortController().signal;

/** What a session prints, as it comes. */
export class Printed {
  #text = '';
  readonly done: Promise<string>;

  constructor(stream: NodeJS.ReadableStream | undefined) {
    stream?.on('data', (chunk: Buffer) => (this.#text += chunk.toString('latin1')));
    this.done = new Promise((resolve) => {
      for (const end of ['end', 'close']) stream?.on(end, () => resolve(this.#text));
    });
  }

  get text(): string {
    return this.#text;
  }
}

/** What a call that must fail says. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it was not refused',
    (error: unknown) => String(error),
  );
}
