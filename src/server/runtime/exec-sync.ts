import type { ExecSyncRequest, ExecSyncResponse } from '../../../api/cri/v1/api.ts';
import { fail, messageOf } from '../../base/errors.ts';
import { execSync as exec } from '../../sandbox/container/exec.ts';
import type { ExecParts } from '../../sandbox/container/exec.ts';
import { execEvent } from '../../sandbox/events/exec-event.ts';
import type { ExecOutcome } from '../../sandbox/events/exec-event.ts';
import type { Parts } from '../../sandbox/parts.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { wholeNumber } from './parse/values.ts';

export function execSync(parts: ExecParts & Pick<Parts, 'events' | 'store'>): Unary<ExecSyncRequest, ExecSyncResponse> {
  return async ({ containerId, cmd, timeout }, { signal }) => {
    if (cmd.length === 0) throw fail('invalid_argument', 'cmd is empty: name the program to run');
    const seconds = wholeNumber(timeout, 'timeout', 0n);
    const container = requireContainer(parts.store, containerId);
    const tell = (how: ExecOutcome) =>
      parts.events.publish(execEvent(container, parts.store.pods.get(container.record.podId), cmd, how));
    try {
      const result = await exec(parts, container, { command: cmd, seconds }, signal);
      tell({ exitCode: result.exitCode });
      return result;
    } catch (error) {
      tell({ error: messageOf(error) });
      throw error;
    }
  };
}
