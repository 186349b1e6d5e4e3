import type { Context, ContextManager } from '@opentelemetry/api';
import { hostname } from 'node:os';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { TraceSettings } from './telemetry-settings.ts';

export type TelemetryOptions = TraceSettings & { readonly version: string };

/** Each is loaded only where it is used. */
const exporters = {
  grpc: () => import('@opentelemetry/exporter-trace-otlp-grpc'),
  'http/protobuf': () => import('@opentelemetry/exporter-trace-otlp-proto'),
  'http/json': () => import('@opentelemetry/exporter-trace-otlp-http'),
} as const;

/**
 * Begins to export spans. The SDK is loaded only here: without traces it costs neither memory nor start-up.
 * Disposing sends what is queued, for 5 s at most.
 */
export async function startTelemetry(options: TelemetryOptions, log: Logger): Promise<AsyncDisposable> {
  const [api, core, resources, sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    exporters[options.protocol](),
  ]);
  const { url, samplePerMillion, version, warnings } = options;
  for (const warning of warnings) log.warn({ warning }, 'traces go another way than the environment says');
  const warn = atMostOneAMinute((error) => log.warn({ error }, 'traces were not sent'));
  api.diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const facts = { 'service.name': 'cricket', 'service.version': version, 'host.name': hostname() };
  const named = resources.detectResources({ detectors: [resources.envDetector] });
  const sampled = (perMillion: number) =>
    new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(perMillion / 1_000_000) });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes(facts).merge(named),
    // Without one the SDK reads OTEL_TRACES_SAMPLER.
    ...(samplePerMillion === undefined ? {} : { sampler: sampled(samplePerMillion) }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter(url === undefined ? {} : { url }))],
  });
  api.context.setGlobalContextManager(await asyncContext(api.ROOT_CONTEXT));
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
  return {
    async [Symbol.asyncDispose]() {
      const limit = new Promise<void>((resolve) => setTimeout(resolve, flushMs).unref());
      await Promise.race([provider.shutdown().catch((error: unknown) => warn(messageOf(error))), limit]);
      for (const part of [api.trace, api.propagation, api.context]) part.disable();
    },
  };
}

/** A collector that is away fails every batch, and one comes every few seconds. */
function atMostOneAMinute(tell: (error: string) => void): (reason: string) => void {
  let told = -Infinity;
  return (reason) => {
    const now = performance.now();
    if (now - told < 60_000) return;
    told = now;
    tell(reason);
  };
}

const flushMs = 5000;

function ignore(): void {
  // the SDK's own chatter
}

/** The current span follows a call through its awaits, so that what it does becomes its children. */
async function asyncContext(root: Context): Promise<ContextManager> {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? root,
    with: (context, work, receiver, ...args) =>
      storage.run(context, () => Reflect.apply(work, receiver, args) as never),
    bind: (context, target) => {
      if (typeof target !== 'function') return target;
      const bound = (...args: unknown[]): unknown =>
        storage.run(context, () => Reflect.apply(target, undefined, args) as unknown);
      return bound as typeof target;
    },
    enable: () => manager,
    disable: () => {
      storage.disable();
      return manager;
    },
  };
  return manager;
}
