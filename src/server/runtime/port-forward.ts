import type { PortForwardRequest, PortForwardResponse } from '../../../api/cri/v1/api.ts';
import { fail } from '../../base/errors.ts';
import { podTitle } from '../../sandbox/pod/record.ts';
import { isReady } from '../../sandbox/pod/state.ts';
import { requirePod } from '../../sandbox/store/resolve.ts';
import type { Store } from '../../sandbox/store/store.ts';
import type { Unary } from '../grpc/handlers.ts';
import type { Streaming } from '../streaming/server.ts';

/** Ports of one request: each is a connection, and has two of 256 channels in a WebSocket. */
const maxPorts = 100;

export function portForward(
  store: Store,
  streaming: Pick<Streaming, 'issue'>,
): Unary<PortForwardRequest, PortForwardResponse> {
  return async ({ podSandboxId, port: ports }) => {
    const wrong = ports.find((port) => port < 1 || port > 65_535);
    if (wrong !== undefined) throw fail('invalid_argument', `port ${wrong}: must be from 1 to 65535`);
    if (ports.length > maxPorts) throw fail('invalid_argument', `${ports.length} ports: at most ${maxPorts} at once`);
    const { record, state } = requirePod(store, podSandboxId);
    if (!isReady(state))
      throw fail('failed_precondition', `port-forward to ${podTitle(record)}: it is ${state.kind}, not ready`);
    return { url: await streaming.issue({ kind: 'portforward', podId: record.id, ports: [...new Set(ports)] }) };
  };
}
