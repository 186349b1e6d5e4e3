import { nowNanos } from '../../base/clock.ts';
import { errorFrom } from '../../base/errors.ts';
import type { Container } from '../store/store.ts';
import type { ContainerRecord } from './record.ts';
import { dismantle } from './release.ts';
import type { ReleaseParts } from './release.ts';
import type { ContainerState, ExitedState } from './state.ts';

/** What a container shows that could not be started, as the field does. */
export const startError = { code: 128, reason: 'StartError' } as const;

/**
 * Whether what the OCI runtime said at `create` is told when the container is started: it cannot be made as its user
 * wants it, and another try would say the same. What is the node's fault is told at once, and tried again (ADR 14).
 */
export function isToldAtStart(thrown: unknown): boolean {
  return errorFrom(thrown).code === 'invalid_argument';
}

/**
 * Makes of a half made container one that has ended, for that reason, and gives back what it holds. The caller has its
 * lock. Errors: what could not be given back; the container is half made still.
 */
export async function endUnstartable(
  parts: ReleaseParts,
  container: Container,
  made: Pick<ExitedState, 'resources' | 'user' | 'message'>,
  signal: AbortSignal,
): Promise<void> {
  await dismantle(parts, container, signal);
  await container.change({ kind: 'unstartable', ...startError, ...made, at: nowNanos() });
  parts.log.info({ container: container.record.id, reason: made.message }, 'container made that cannot be started');
}

/** Why it will not start now either. It names no id, which each try has anew: the kubelet counts events of one text. */
export function startRefusal({ config }: ContainerRecord, state: ContainerState): string | undefined {
  if (state.kind !== 'exited' || state.reason !== startError.reason || state.startedAt !== 0n) return undefined;
  return `container ${config.name} cannot be started: ${state.message}`;
}
