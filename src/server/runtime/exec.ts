import type { ExecRequest, ExecResponse } from '../../../api/cri/v1/api.ts';
import { fail } from '../../base/errors.ts';
import { containerTitle } from '../../sandbox/container/record.ts';
import { requireContainer } from '../../sandbox/store/resolve.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import type { Streaming } from '../streaming/server.ts';
import { parseStreams } from './parse/streams.ts';

export function exec(store: Store, streaming: Pick<Streaming, 'issue'>): Unary<ExecRequest, ExecResponse> {
  return async (request) => {
    if (request.cmd.length === 0) throw fail('invalid_argument', 'cmd is empty: name the program to run');
    const streams = parseStreams(request);
    const { record, state } = requireContainer(store, request.containerId);
    if (state.kind !== 'running')
      throw fail('failed_precondition', `exec in ${containerTitle(record)}: it is ${state.kind}, not running`);
    return { url: await streaming.issue({ kind: 'exec', containerId: record.id, command: request.cmd, ...streams }) };
  };
}
