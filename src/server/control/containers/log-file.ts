import { z } from 'zod';
import { fail } from '../../../base/errors.ts';
import { containerTitle } from '../../../sandbox/container/record.ts';
import { isLive } from '../../../sandbox/container/state.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const logFilePath = '/v1/containers/log-file';
export const logFileAnswer = z.object({ id: z.string(), title: z.string(), path: z.string(), live: z.boolean() });

/** GET /v1/containers/log-file?object=NAME : where its log is. Who asks is root here, and reads it without us. */
export function logFileVerb(parts: Pick<Parts, 'images' | 'store'>): Verb {
  return {
    method: 'GET',
    path: logFilePath,
    async run({ query }): Promise<z.output<typeof logFileAnswer>> {
      const { record, state } = namedContainer(parts, query);
      const title = containerTitle(record);
      const path = record.config.logPath;
      if (path === '')
        throw fail('failed_precondition', `${title} has no log: its pod was made without a log_directory`);
      return { id: record.id, title, path, live: isLive(state) };
    },
  };
}
