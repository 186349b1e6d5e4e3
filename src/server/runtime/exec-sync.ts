import type { ExecSyncRequest, ExecSyncResponse } from '../../../api/cri/v1/api.ts';
import { fail } from '../../base/errors.ts';
import { execSync as exec } from '../../sandbox/container/exec.ts';
import type { ExecParts } from '../../sandbox/container/exec.ts';
import type { Store } from '../../sandbox/store/store.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Unary } from '../grpc/handlers.ts';
import { wholeNumber } from './parse/values.ts';

export function execSync(parts: ExecParts & { readonly store: Store }): Unary<ExecSyncRequest, ExecSyncResponse> {
  return async ({ containerId, cmd, timeout }, { signal }) => {
    if (cmd.length === 0) throw fail('invalid_argument', 'cmd is empty: name the program to run');
    const seconds = wholeNumber(timeout, 'timeout', 0n);
    return exec(parts, requireContainer(parts.store, containerId), { command: cmd, seconds }, signal);
  };
}
