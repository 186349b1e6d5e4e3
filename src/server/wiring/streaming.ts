import type { Metrics } from '../../../metrics/registry.ts';
import { fail } from '../../base/errors.ts';
import { openAttachSession } from '../../sandbox/container/attach.ts';
import { openExecSession } from '../../sandbox/container/exec-session.ts';
import { tellingSession } from '../../sandbox/events/exec-event.ts';
import { dialPod } from '../../sandbox/pod/dial.ts';
import type { HandlerParts } from '../handlers.ts';
import type { Config } from '../config/schema.ts';
import { splitAddress } from '../config/values.ts';
import { openStreaming } from '../streaming/server.ts';
import type { Streaming } from '../streaming/server.ts';
import type { StreamTargets } from '../streaming/serve-session.ts';

/** The streaming server, and what it joins its clients with. */
export async function openStreams(
  parts: HandlerParts,
  { streaming }: Pick<Config, 'streaming'>,
  metrics: Pick<Metrics, 'streaming'>,
): Promise<Streaming> {
  const address = splitAddress(streaming.address);
  if (address === undefined) throw fail('internal', `streaming.address ${streaming.address} was not checked`);
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = streaming;
  return openStreaming({
    ...address,
    certificate: certFile === '' ? undefined : { certFile, keyFile },
    maxSessions: streaming.maxSessions,
    idleMs: streaming.idleTimeoutSeconds * 1000,
    targets: targets(parts),
    series: metrics.streaming,
    log: parts.log,
  });
}

function targets(parts: HandlerParts): StreamTargets {
  return {
    exec: async (request, signal) => tellingSession(parts, request, () => openExecSession(parts, request, signal)),
    attach: async (request, signal) => openAttachSession(parts, request, signal),
    dial: async (podId, port, signal) => dialPod(parts, podId, port, signal),
  };
}
