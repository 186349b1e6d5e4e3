import type { AttachRequest, AttachResponse } from '../../../api/cri/v1/api.ts';
import { fail } from '../../base/errors.ts';
import { containerTitle } from '../../sandbox/container/record.ts';
import { isLive } from '../../sandbox/container/state.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import type { Streaming } from '../streaming/server.ts';
import { parseStreams } from './parse/streams.ts';

export function attach(store: Store, streaming: Pick<Streaming, 'issue'>): Unary<AttachRequest, AttachResponse> {
  return async (request) => {
    const streams = parseStreams(request);
    const { record, state } = requireContainer(store, request.containerId);
    if (!isLive(state))
      throw fail('failed_precondition', `attach to ${containerTitle(record)}: it is ${state.kind}, not running`);
    return { url: await streaming.issue({ kind: 'attach', containerId: record.id, ...streams }) };
  };
}
