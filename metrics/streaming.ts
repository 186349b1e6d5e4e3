import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Sessions of exec, attach and portforward, over spdy, websocket, or spdy in a websocket (tunnel). */
export function streamingSeries(registry: Registry) {
  const registers = [registry];
  const labelNames = ['kind', 'transport'] as const;
  return {
    open: new Gauge({
      name: 'cricket_streaming_sessions',
      help: 'Streaming sessions that are open.',
      labelNames,
      registers,
    }),
    total: new Counter({
      name: 'cricket_streaming_sessions_total',
      help: 'Streaming sessions that were begun.',
      labelNames,
      registers,
    }),
    refused: new Counter({
      name: 'cricket_streaming_refused_total',
      help: 'Connections that were refused: without a valid token, over the limit, with no protocol in common, or no HTTP.',
      labelNames: ['cause'] as const,
      registers,
    }),
    waiting: new Gauge({
      name: 'cricket_streaming_tokens',
      help: 'URLs that were issued and not used yet.',
      registers,
    }),
  };
}

export type StreamingSeries = ReturnType<typeof streamingSeries>;
