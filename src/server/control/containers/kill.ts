import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { signalContainer } from '../../../sandbox/container/signal.ts';
import { knownSignal } from '../../../sandbox/container/stop-signal.ts';
import type { HandlerParts } from '../../handlers.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const killPath = '/v1/containers/kill';
export const killAnswer = z.object({ id: z.string(), unhandled: z.boolean(), pending: z.boolean() });
export type KillAnswer = z.output<typeof killAnswer>;

/** POST /v1/containers/kill?object=NAME&signal=SIGNAL : sends a signal, SIGKILL unless told, to its first process. */
export function killVerb(parts: Pick<HandlerParts, 'cgroups' | 'events' | 'exits' | 'images' | 'store'>): Verb {
  return {
    method: 'POST',
    path: killPath,
    async run({ query }): Promise<KillAnswer> {
      const text = query.get('signal') ?? 'SIGKILL';
      const signal = knownSignal(text);
      if (signal === undefined)
        throw fail(
          'invalid_argument',
          `${JSON.stringify(text)} is no signal; give SIGHUP, HUP or 1, as kill -l has them`,
        );
      const container = namedContainer(parts, query);
      return { id: container.record.id, ...signalContainer(parts, container, signal) };
    },
  };
}
