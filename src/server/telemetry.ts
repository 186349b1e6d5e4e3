import type { Context, ContextManager } from '@opentelemetry/api';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';

export interface TelemetryOptions {
  /** OTLP/HTTP address for traces; empty: that of the OTEL_ variables. */
  readonly endpoint: string;
  /** Of a million calls without a sampled parent, how many are traced. */
  readonly samplePerMillion: number;
  readonly version: string;
}

/** Whether the standard variables name a collector: traces can be switched on without a configuration. */
export function namesCollector(environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['OTEL_SDK_DISABLED'] === 'true') return false;
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return names.some((name) => (environment[name] ?? '') !== '');
}

/**
 * Begins to export spans. The SDK is loaded only here: without traces it costs neither memory nor start-up.
 * Disposing sends what is queued, for 5 s at most.
 */
export async function startTelemetry(options: TelemetryOptions, log: Logger): Promise<AsyncDisposable> {
  const [api, core, exporter, resources, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
  ]);
  const { endpoint, samplePerMillion, version } = options;
  const sink = new exporter.OTLPTraceExporter(endpoint === '' ? {} : { url: endpoint });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'cricket', 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(samplePerMillion / 1_000_000) }),
    spanProcessors: [new sdk.BatchSpanProcessor(sink)],
  });
  api.diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  api.context.setGlobalContextManager(await asyncContext(api.ROOT_CONTEXT));
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
  return {
    async [Symbol.asyncDispose]() {
      const limit = new Promise<void>((resolve) => setTimeout(resolve, flushMs).unref());
      await Promise.race([provider.shutdown().catch(warn), limit]);
      for (const part of [api.trace, api.propagation, api.context]) part.disable();
    },
  };

  function warn(reason: unknown): void {
    log.warn({ error: messageOf(reason) }, 'traces were not sent');
  }
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
