import { errnoOf, fail } from '../base/errors.ts';
import { captureProgram } from './capture.ts';
import type { Captured, CaptureOptions } from './capture.ts';
import type { Child } from './process.ts';
import type { Watcher } from './watcher.ts';

export interface BoundedOptions extends Omit<CaptureOptions, 'onStart' | 'onCut'> {
  readonly input: string;
  /** Milliseconds that it may take. */
  readonly timeoutMs: number;
  /** Resolves when it is written down who runs: only then the program gets its input. */
  readonly onStart: (child: Child) => Promise<void>;
}

export interface Bounded extends Captured {
  /** Why it was ended before its time; undefined for one that came to its own end. */
  readonly ended: 'timeout' | 'output' | 'cancelled' | undefined;
}

/** Milliseconds that one who was killed may take to be gone: the kernel may hold it in a call. */
const graceMs = 5_000;

/**
 * Runs a program with its input, for a limited time and a limited output. Whatever ends it early (a limit, the signal)
 * ends all of its session with it. Errors: those of starting it, `deadline_exceeded` when the kernel does not let it go.
 */
export async function runBounded(watcher: Watcher, options: BoundedOptions, signal: AbortSignal): Promise<Bounded> {
  let leader: number | undefined;
  let why: Bounded['ended'];
  const stuck = Promise.withResolvers<never>();
  stuck.promise.catch(() => undefined);
  let grace: NodeJS.Timeout | undefined;
  const end = (reason: NonNullable<Bounded['ended']>) => {
    why ??= reason;
    if (leader === undefined) return;
    // Where the leader has ended, somebody of its group still writes: so its number is still the group's.
    killGroup(leader);
    grace ??= setTimeout(
      () => stuck.reject(fail('deadline_exceeded', `${options.path} was killed and does not end`)),
      graceMs,
    );
  };
  const onAbort = () => end('cancelled');
  const timer = setTimeout(() => end('timeout'), options.timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const captured = captureProgram(watcher, {
      ...options,
      onStart: async (child) => {
        leader = child.pid;
        if (signal.aborted) end('cancelled');
        await options.onStart(child);
      },
      onCut: () => end('output'),
    });
    captured.catch(() => undefined);
    return { ...(await Promise.race([captured, stuck.promise])), ended: why };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Every process of the group that a child of ours leads. None left is fine. */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
