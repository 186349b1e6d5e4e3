import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { assertNever, fail } from '../../base/errors.ts';
import { podResourcesSchema } from './resources-schema.ts';
import type { PodResources } from './resources-schema.ts';

/*
 *   creating ──made──▶ ready ──stopping──▶ stopping ──stopped──▶ stopped
 *      │                 │                   │  ▲                   │
 *      └────────broke────┴─────────broke─────┘  └──stopping──broken │
 *                                                              │    │
 *                        removing ◀──────────removing──────────┴────┘
 */
const podState = z.discriminatedUnion('kind', [
  /** An intent: not listed; a restart undoes it. */
  z.object({ kind: z.literal('creating') }),
  /** initPid is 0 while no container shares its PID namespace. */
  z.object({
    kind: z.literal('ready'),
    ips: z.array(z.string()),
    initPid: z.number(),
    initStart: z.string(),
    /** Resources after updates; what it was made with is in the record. */
    resized: podResourcesSchema.optional(),
  }),
  /** Containers are being ended; no new one starts. */
  z.object({ kind: z.literal('stopping') }),
  z.object({ kind: z.literal('stopped') }),
  /** Something of it could not be undone; Stop and Remove finish it. */
  z.object({ kind: z.literal('broken'), reason: z.string() }),
  /** Half removed: a restart goes on removing. */
  z.object({ kind: z.literal('removing') }),
]);
export type PodState = Readonly<z.infer<typeof podState>>;

export const podStateKind: CheckpointKind<PodState> = { name: 'pod-state', version: 1, schema: podState };

export type PodEvent =
  | {
      readonly kind: 'made';
      readonly ips: readonly string[];
    }
  /** The init of a PID namespace that containers share, made when the first of them asks for it. */
  | { readonly kind: 'init-made'; readonly pid: number; readonly start: string }
  | { readonly kind: 'resized'; readonly resources: PodResources }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'broke'; readonly reason: string }
  | { readonly kind: 'removing' };

/** The only way a sandbox changes. Errors: `failed_precondition` for an event its state does not allow. */
export function stepPod(state: PodState, event: PodEvent): PodState {
  switch (event.kind) {
    case 'made':
      if (state.kind !== 'creating') throw refused(state, event);
      return { kind: 'ready', ips: [...event.ips], initPid: 0, initStart: '' };
    case 'init-made':
      if (state.kind !== 'ready') throw refused(state, event);
      return { ...state, initPid: event.pid, initStart: event.start };
    case 'resized':
      if (state.kind !== 'ready') throw refused(state, event);
      return { ...state, resized: event.resources };
    case 'stopping':
      if (state.kind === 'creating' || state.kind === 'removing') throw refused(state, event);
      return state.kind === 'stopped' ? state : { kind: 'stopping' };
    case 'stopped':
      if (state.kind === 'creating' || state.kind === 'removing') throw refused(state, event);
      return { kind: 'stopped' };
    case 'broke':
      return { kind: 'broken', reason: event.reason };
    case 'removing':
      return { kind: 'removing' };
    default:
      return assertNever(event);
  }
}

/** CRI knows two states; a sandbox is READY only while it can hold containers. */
export function isReady(state: PodState): state is Extract<PodState, { kind: 'ready' }> {
  return state.kind === 'ready';
}

function refused(state: PodState, event: PodEvent): Error {
  return fail('failed_precondition', `a sandbox that is ${state.kind} cannot become ${event.kind}`);
}
