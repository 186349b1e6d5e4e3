import { access, constants, statfs } from 'node:fs/promises';
import { waitFor } from '../base/abort.ts';
import { closeQuietly, makePipe } from '../linux/fds.ts';
import type { Parts } from '../sandbox/parts.ts';
import type { Config } from './config/schema.ts';

export type Phase = 'starting' | 'serving' | 'ending';

export interface Readiness {
  /** What keeps us from serving pods now, one line each: /readyz. */
  readonly problems: () => Promise<readonly string[]>;
  /** What only a restart mends, one line each: /healthz. */
  readonly faults: () => Promise<readonly string[]>;
}

type ReadinessParts = Pick<Parts, 'network' | 'runtimes' | 'settings' | 'watcher'>;

/** Bytes of the disk of pods and images below which nothing can be made any more. */
const leastFree = 64 * 1024 * 1024;
/** Milliseconds for the way to the watcher and back, which takes less than one. */
const watcherLimitMs = 5_000;

export function readinessOf(parts: ReadinessParts, { root }: Pick<Config, 'root'>, phase: () => Phase): Readiness {
  return {
    async problems() {
      const found = await Promise.all([programProblems(parts), diskProblems(root)]);
      return [...phaseProblems[phase()], ...networkProblems(parts), ...found.flat()];
    },
    faults: () => watcherFaults(parts.watcher),
  };
}

const phaseProblems: Readonly<Record<Phase, readonly string[]>> = {
  starting: ['the daemon is starting: CRI is not served yet'],
  serving: [],
  ending: ['the daemon is ending: it takes no more calls'],
};

function networkProblems({ network }: ReadinessParts): readonly string[] {
  const state = network.ready();
  return state.ready ? [] : [`pod network: ${state.reason}: ${state.message}`];
}

/** Without these no container starts, whatever else is well. */
async function programProblems({ runtimes, settings }: ReadinessParts): Promise<readonly string[]> {
  const runtime = runtimes.get(settings.defaultRuntime)?.path ?? '';
  const programs = [['default runtime', runtime] as const, ['monitor', settings.conmon] as const];
  const found = await Promise.all(programs.map(async ([what, path]) => programProblem(what, path)));
  return found.flat();
}

const programProblem = (what: string, path: string): Promise<readonly string[]> =>
  access(path, constants.X_OK).then(
    () => [],
    () => [`${what}: ${path} is no program that can be run; cricket check tells what to install`],
  );

async function diskProblems(root: string): Promise<readonly string[]> {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  if (free >= leastFree) return [];
  return [`disk of ${root}: ${Math.floor(free / 2 ** 20)} MiB are left; free space on it`];
}

/** The end of a pipe, seen by the watcher: as long as this comes back, the exits of containers do too. */
async function watcherFaults(watcher: ReadinessParts['watcher']): Promise<readonly string[]> {
  const pipe = makePipe();
  try {
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    using _watch = watcher.onReadable(pipe.read, resolve);
    closeQuietly(pipe.write);
    await waitFor(seen, AbortSignal.timeout(watcherLimitMs));
    return [];
  } catch {
    return ['the watcher does not answer: exits of containers are not seen; restart the daemon'];
  } finally {
    closeQuietly(pipe.read);
  }
}
