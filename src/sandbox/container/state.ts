import { z } from 'zod';
import type { CheckpointKind } from '../../base/checkpoint.ts';
import { assertNever, fail } from '../../base/errors.ts';
import { resourcesSchema } from './resources.ts';

/*
 *   creating ──made──▶ created ──starting──▶ starting ──started──▶ running
 *      │                  │                     │                     │
 *      │                  └────────ended────────┴────────ended────────┤
 *      ├─────────────────────────unstartable────────────────────────┐ │
 *    (undone)                                                       ▼ ▼
 *                    removing ◀──────────────removing─────────────  exited
 *   broken: something of it could not be undone; Remove finishes it.
 */
const nanos = z.union([z.string(), z.bigint()]).transform((value) => BigInt(value));
/** A process by pid and start time: a number that was used again is not it. */
const processSchema = z.object({ pid: z.number(), start: z.string() });
const userSchema = z.object({ uid: z.number(), gid: z.number(), additionalGids: z.array(z.number()) });
const live = {
  init: processSchema,
  monitor: processSchema,
  /** Limits in force, after updates. */
  resources: resourcesSchema,
  /** Whom the image's own files made of the user that was asked for. */
  user: userSchema,
};

const containerState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('creating') }),
  z.object({ kind: z.literal('created'), ...live }),
  /** Intent to start: after a crash the OCI runtime is asked what became of it. */
  z.object({ kind: z.literal('starting'), ...live }),
  z.object({ kind: z.literal('running'), ...live, startedAt: nanos }),
  z.object({
    kind: z.literal('exited'),
    code: z.number(),
    reason: z.string(),
    message: z.string(),
    startedAt: nanos,
    finishedAt: nanos,
    resources: resourcesSchema,
    user: userSchema,
    /** Whether cgroup, OCI runtime state and root file system are given back. */
    released: z.boolean(),
  }),
  z.object({ kind: z.literal('broken'), reason: z.string() }),
  z.object({ kind: z.literal('removing') }),
]);
export type ContainerState = Readonly<z.output<typeof containerState>>;
export type LiveState = Extract<ContainerState, { kind: 'created' | 'starting' | 'running' }>;
export type ExitedState = Extract<ContainerState, { kind: 'exited' }>;
export type ProcessIdentity = z.infer<typeof processSchema>;

export const containerStateKind: CheckpointKind<ContainerState> = {
  name: 'container-state',
  version: 1,
  schema: containerState,
};

export type ContainerEvent =
  | {
      readonly kind: 'made';
      readonly init: ProcessIdentity;
      readonly monitor: ProcessIdentity;
      readonly resources: LiveState['resources'];
      readonly user: LiveState['user'];
    }
  | {
      /** The OCI runtime cannot make it as its user wants it: it holds nothing any more. */
      readonly kind: 'unstartable';
      readonly code: number;
      readonly reason: string;
      readonly message: string;
      readonly at: bigint;
      readonly resources: LiveState['resources'];
      readonly user: LiveState['user'];
    }
  | { readonly kind: 'starting' }
  | { readonly kind: 'started'; readonly at: bigint }
  | { readonly kind: 'not-started' }
  | { readonly kind: 'updated'; readonly resources: LiveState['resources'] }
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly reason: string;
      readonly message: string;
      readonly at: bigint;
    }
  | { readonly kind: 'released' }
  | { readonly kind: 'broke'; readonly reason: string }
  | { readonly kind: 'removing' };

/** The only way a container changes. Errors: `failed_precondition` for an event its state does not allow. */
export function stepContainer(state: ContainerState, event: ContainerEvent): ContainerState {
  switch (event.kind) {
    case 'made':
      if (state.kind !== 'creating') throw refused(state, event);
      return {
        kind: 'created',
        init: event.init,
        monitor: event.monitor,
        resources: event.resources,
        user: event.user,
      };
    case 'unstartable':
      if (state.kind !== 'creating') throw refused(state, event);
      return unstartable(event);
    case 'starting':
      if (state.kind !== 'created') throw refused(state, event);
      return { ...state, kind: 'starting' };
    case 'not-started':
      if (state.kind !== 'starting') throw refused(state, event);
      return { ...state, kind: 'created' };
    case 'started':
      // It may have ended before the answer of the OCI runtime was read.
      if (state.kind === 'exited') return state.startedAt === 0n ? { ...state, startedAt: event.at } : state;
      if (state.kind !== 'starting') throw refused(state, event);
      return { ...state, kind: 'running', startedAt: event.at };
    case 'updated':
      if (!isLive(state)) throw refused(state, event);
      return { ...state, resources: event.resources };
    case 'ended':
      if (!isLive(state)) return state;
      return ended(state, event);
    case 'released':
      return state.kind === 'exited' ? { ...state, released: true } : state;
    case 'broke':
      return { kind: 'broken', reason: event.reason };
    case 'removing':
      return { kind: 'removing' };
    default:
      return assertNever(event);
  }
}

/** States in which an init process exists, or did a moment ago. */
export function isLive(state: ContainerState): state is LiveState {
  return state.kind === 'created' || state.kind === 'starting' || state.kind === 'running';
}

function unstartable({
  code,
  reason,
  message,
  at,
  resources,
  user,
}: Extract<ContainerEvent, { kind: 'unstartable' }>): ContainerState {
  const times = { startedAt: 0n, finishedAt: at };
  return { kind: 'exited', code, reason, message, ...times, resources, user, released: true };
}

function ended(state: LiveState, event: Extract<ContainerEvent, { kind: 'ended' }>): ContainerState {
  return {
    kind: 'exited',
    code: event.code,
    reason: event.reason,
    message: event.message,
    startedAt: state.kind === 'running' ? state.startedAt : 0n,
    finishedAt: event.at,
    resources: state.resources,
    user: state.user,
    released: false,
  };
}

function refused(state: ContainerState, event: ContainerEvent): Error {
  return fail('failed_precondition', `a container that is ${state.kind} cannot become ${event.kind}`);
}
