import { sleep, withTimeout } from '../../base/abort.ts';
import { messageOf } from '../../base/errors.ts';
import { nowNanos } from '../../base/clock.ts';
import { startTimeOf } from '../../linux/pidfd.ts';
import type { CgroupPath } from '../../cgroups/path.ts';
import type { KilledEnd } from '../events/oom/last-kill.ts';
import type { Container } from '../store/store.ts';
import type { Parts } from '../parts.ts';
import { readExitFile } from './exit-watch.ts';
import type { ExitWatch } from './exit-watch.ts';
import { releaseContainer } from './release.ts';
import type { ReleaseParts } from './release.ts';
import { isLive } from './state.ts';

export type ExitParts = ReleaseParts &
  Pick<Parts, 'cgroups' | 'lifetime' | 'log' | 'paths'> & { readonly exits: ExitWatch; readonly oomEnds: OomEnds };

/** Knows of OOM kills. */
export interface OomEnds {
  /** Whether a container that ended by 137 did so for want of memory. */
  isOomEnd(container: Container, end: KilledEnd): boolean;
}

/** Milliseconds conmon gets from the end of its container to the exit file: it drains the output first. */
const exitFileMs = 5_000;

/** Milliseconds that systemd may take to tell how a scope ended: the end of the container waits for it. */
const askMs = 2_000;

/** Killed by SIGKILL: 128 + 9. */
const killedCode = 137;

/** What the field says of an end that could not be seen. */
export const unseenCode = 255;

/**
 * Finds out how a container ended and writes it down, then gives back what it held. Called on every hint;
 * does nothing for one that lives or whose end is known.
 */
export async function settleExit(parts: ExitParts, container: Container): Promise<void> {
  const { state, record } = container;
  if (!isLive(state)) return;
  const path = parts.paths.container(record.id).exit;
  const end = (await readExitFile(path)) ?? (await awaitExitFile(parts, container, path));
  if (!isLive(container.state)) return;
  await noteEnd(parts, container, end);
  // Its errors are logged there; the reconciler tries again.
  await releaseContainer(parts, container, parts.lifetime);
}

type End = { readonly code: number; readonly at: bigint } | undefined;

/** What is read from memory has it at once; resolves when it is on disk too. */
export async function noteEnd(parts: ExitParts, container: Container, end: End): Promise<void> {
  const { record } = container;
  if (end === undefined) {
    await noteUnseenEnd(parts, container);
    return;
  }
  const { code, at } = end;
  const seen = parts.exits.endSeen(record.id) ?? Infinity;
  const killed = { at: Math.min(Number(at / 1_000_000n), seen), byUs: parts.exits.wasKilled(record.id) };
  const own = exitReason(code, () => parts.oomEnds.isOomEnd(container, killed));
  const asked = own === 'Error' && code === killedCode && !killed.byUs && (await systemdSawIt(parts, container));
  if (!isLive(container.state)) return;
  const reason = asked ? 'OOMKilled' : own;
  await container.note({ kind: 'ended', code, reason, message: '', at });
  parts.log.info({ container: record.id, code, reason }, 'container ended');
}

/** conmon is gone without a word: an init that still lives is ended with it, the end of a dead one nobody saw. */
async function noteUnseenEnd(parts: ExitParts, container: Container): Promise<void> {
  const { record, state } = container;
  const lives = isLive(state) && startTimeOf(state.init.pid) === state.init.start;
  parts.log.warn({ container: record.id, lives }, 'monitor lost: its container is ended');
  const at = nowNanos();
  if (lives) {
    const message = 'conmon, which held its output and exit code, was killed; the container was ended with it';
    await container.note({ kind: 'ended', code: killedCode, reason: 'MonitorLost', message, at });
  } else {
    const message = 'it ended while nobody watched: neither it nor its conmon was there any more';
    await container.note({ kind: 'ended', code: unseenCode, reason: 'Unknown', message, at });
  }
}

/** An OOM kill counts only for an init that was killed: a child's kill before a normal end is not its reason. */
export function exitReason(code: number, isOomEnd: () => boolean): 'Completed' | 'Error' | 'OOMKilled' {
  if (code === 0) return 'Completed';
  return code === killedCode && isOomEnd() ? 'OOMKilled' : 'Error';
}

/** systemd-oomd kills for want of memory too, which no counter of the kernel's tells. */
async function systemdSawIt({ cgroups, lifetime, log }: ExitParts, { record }: Container): Promise<boolean> {
  try {
    return await cgroups.wasOutOfMemory(record.cgroup as CgroupPath, withTimeout(lifetime, askMs));
  } catch (error) {
    log.debug({ container: record.id, reason: messageOf(error) }, 'systemd did not tell how a scope ended');
    return false;
  }
}

/** Undefined once conmon is gone without a word. */
async function awaitExitFile(parts: ExitParts, container: Container, path: string): Promise<End> {
  const until = performance.now() + exitFileMs;
  for (let pause = 2; performance.now() < until; pause = Math.min(pause * 2, 200)) {
    const lives = parts.exits.monitorLives(container.record.id);
    // Read after the question: it may have written and ended in between.
    const end = await readExitFile(path);
    if (end !== undefined || !isLive(container.state)) return end;
    if (!lives) return undefined;
    await sleep(pause, parts.lifetime);
  }
  return readExitFile(path);
}

/** For hints, which nobody waits for. */
export function settleLater(parts: ExitParts, container: Container): void {
  settleExit(parts, container).catch((error: unknown) => {
    if (!parts.lifetime.aborted)
      parts.log.error({ container: container.record.id, reason: messageOf(error) }, 'end of a container not settled');
  });
}
