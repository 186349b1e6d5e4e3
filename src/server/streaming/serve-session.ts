import type { Duplex } from 'node:stream';
import { monotonicMs } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ProcessSession } from '../../sandbox/container/session.ts';
import { forwardOverSpdy } from './port-forward/spdy.ts';
import { forwardOverWebSocket } from './port-forward/websocket.ts';
import { serveProcess } from './process/serve.ts';
import { openSpdyStreams } from './process/spdy.ts';
import { openWebSocketStreams } from './process/websocket.ts';
import type { Agreement } from './protocols.ts';
import type { AttachRequest, ExecRequest, PortForwardRequest, StreamRequest } from './request.ts';
import { WebSocketConnection } from './websocket/connection.ts';
import { tunnelWire } from './websocket/tunnel.ts';
import type { Wire } from './wire.ts';

/** What is behind the streams. */
export interface StreamTargets {
  exec(request: ExecRequest, signal: AbortSignal): Promise<ProcessSession>;
  attach(request: AttachRequest, signal: AbortSignal): Promise<ProcessSession>;
  dial(podId: string, port: number, signal: AbortSignal): Promise<Duplex>;
}

export interface BegunSession<Request extends StreamRequest = StreamRequest> {
  readonly request: Request;
  readonly agreement: Agreement;
  readonly wire: Wire;
  /** Fires when the daemon ends. */
  readonly signal: AbortSignal;
}

/** One session, from the handshake to its end, with its line in the log. Never rejects. */
export async function serveSession(session: BegunSession, targets: StreamTargets, log: Logger): Promise<void> {
  const started = monotonicMs();
  const { request, agreement, wire } = session;
  const subject = request.kind === 'portforward' ? { pod: request.podId } : { container: request.containerId };
  const line = { kind: request.kind, transport: agreement.transport, protocol: agreement.protocol, ...subject };
  const elapsed = () => Math.round(monotonicMs() - started);
  try {
    const end = await run(session, targets);
    log.info({ ...line, ms: elapsed(), end }, 'streaming session ended');
  } catch (error) {
    wire.destroy();
    log.warn({ ...line, ms: elapsed(), error: messageOf(error) }, 'streaming session failed');
  }
}

async function run(session: BegunSession, targets: StreamTargets): Promise<string> {
  const { request, wire, agreement, signal } = session;
  if (request.kind !== 'portforward') return runProcess({ ...session, request }, targets);
  await forwardPorts({ request, wire, agreement, signal }, targets);
  return signal.aborted ? 'daemon ending' : 'over';
}

async function runProcess(session: BegunSession<ExecRequest | AttachRequest>, targets: StreamTargets): Promise<string> {
  const { request, agreement, wire, signal } = session;
  const remote =
    agreement.transport === 'spdy'
      ? await openSpdyStreams(wire, request, agreement.protocol, signal)
      : openWebSocketStreams(wire, request, agreement.protocol);
  const open = async (ending: AbortSignal) =>
    request.kind === 'exec' ? targets.exec(request, ending) : targets.attach(request, ending);
  const end = await serveProcess(remote, request.kind, open, signal);
  return 'code' in end ? `${end.how} ${end.code}` : 'reason' in end ? `${end.how}: ${end.reason}` : end.how;
}

async function forwardPorts(session: BegunSession<PortForwardRequest>, targets: StreamTargets): Promise<void> {
  const { request, agreement, wire, signal } = session;
  const dial = async (port: number, ending: AbortSignal) => targets.dial(request.podId, port, ending);
  const { transport, protocol } = agreement;
  if (transport === 'websocket') return forwardOverWebSocket(wire, { ports: request.ports, protocol }, dial, signal);
  return forwardOverSpdy(transport === 'tunnel' ? tunnelWire(new WebSocketConnection(wire)) : wire, dial, signal);
}
