import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { containerTitle } from '../../../sandbox/container/record.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import { removePod } from '../../../sandbox/pod/remove.ts';
import type { RemovePodParts } from '../../../sandbox/pod/remove.ts';
import { madeAlone } from '../../../sandbox/standalone/standalone.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const removePath = '/v1/containers/remove';
export const removeAnswer = z.object({ id: z.string() });

/** POST /v1/containers/remove?object=NAME&force=1 : a container of `cricket run`, with its pod, log and files. */
export function removeVerb(parts: RemovePodParts & Pick<Parts, 'images'>): Verb {
  return {
    method: 'POST',
    path: removePath,
    async run({ query }, signal): Promise<z.output<typeof removeAnswer>> {
      const { record, state } = namedContainer(parts, query);
      const pod = parts.store.pods.get(record.podId);
      const title = containerTitle(record);
      if (pod === undefined || !madeAlone(pod))
        throw fail(
          'failed_precondition',
          `remove ${title}: cricket run did not make it; who made its pod removes it (kubectl delete pod, crictl rmp)`,
        );
      if (isLive(state) && !query.has('force'))
        throw fail(
          'failed_precondition',
          `remove ${title}: it is ${state.kind}; cricket stop it first, or use --force`,
        );
      await removePod(parts, pod, signal);
      return { id: record.id };
    },
  };
}
