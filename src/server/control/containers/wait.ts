import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { containerTitle } from '../../../sandbox/container/record.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const waitPath = '/v1/containers/wait';
export const waitAnswer = z.object({ id: z.string(), exitCode: z.number(), reason: z.string() });
export type WaitAnswer = z.output<typeof waitAnswer>;

/** GET /v1/containers/wait?object=NAME : answers when the container has ended, at once if it has. */
export function waitVerb(parts: Pick<Parts, 'images' | 'store'>): Verb {
  return {
    method: 'GET',
    path: waitPath,
    async run({ query }, signal): Promise<WaitAnswer> {
      const container = namedContainer(parts, query);
      const state = await container.until((each) => !isLive(each), signal);
      if (state.kind === 'exited') return { id: container.record.id, exitCode: state.code, reason: state.reason };
      throw fail('failed_precondition', `wait for ${containerTitle(container.record)}: it is ${state.kind}`);
    },
  };
}
