import type { Config } from './config/schema.ts';

/** What is to be done with traces, from the configuration and the standard variables. */
export interface TraceSettings {
  readonly protocol: Protocol;
  /** Where to send; undefined: the exporter reads its own variables. */
  readonly url: string | undefined;
  /** Of a million calls without a sampled parent, how many are traced; undefined: OTEL_TRACES_SAMPLER says. */
  readonly samplePerMillion: number | undefined;
  /** Variables that say what this version does not do. */
  readonly warnings: readonly string[];
}

const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;
type Protocol = (typeof protocols)[number];
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Undefined: no traces. The configuration goes before the variables, but for OTEL_SDK_DISABLED.
 * Source: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter Configuration".
 */
export function traceSettings(config: Config['tracing'], environment: Environment): TraceSettings | undefined {
  const { warnings, ...wanted } = whetherWanted(config, environment);
  if (!wanted.traces) return undefined;
  const { protocol, warning } = protocolOf(config, environment);
  return {
    protocol,
    url: config.endpoint === '' ? undefined : tracesUrl(config.endpoint, protocol),
    samplePerMillion: said(environment, 'OTEL_TRACES_SAMPLER') === '' ? config.samplePerMillion : undefined,
    warnings: warning === undefined ? warnings : [...warnings, warning],
  };
}

function whetherWanted(
  { endpoint }: Config['tracing'],
  environment: Environment,
): { readonly traces: boolean; readonly warnings: readonly string[] } {
  if (said(environment, 'OTEL_SDK_DISABLED').toLowerCase() === 'true') return { traces: false, warnings: [] };
  if (endpoint !== '') return { traces: true, warnings: [] };
  const exporters = said(environment, 'OTEL_TRACES_EXPORTER').split(',');
  if (exporters.includes('none')) return { traces: false, warnings: [] };
  const others = exporters.filter((name) => name !== '' && name !== 'otlp');
  const warnings = others.map((name) => `OTEL_TRACES_EXPORTER names ${name}: only otlp and none are known here`);
  const names = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  return { traces: exporters.includes('otlp') || names.some((name) => said(environment, name) !== ''), warnings };
}

function protocolOf(
  config: Config['tracing'],
  environment: Environment,
): { readonly protocol: Protocol; readonly warning?: string } {
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const chosen = [config.protocol, ...names.map((name) => said(environment, name))].find((name) => name !== '');
  const [usual] = protocols;
  const known = protocols.find((protocol) => protocol === chosen);
  if (known !== undefined || chosen === undefined) return { protocol: known ?? usual };
  return { protocol: usual, warning: `protocol ${chosen} is not known: traces go as ${usual}` };
}

/** The path that OTLP/HTTP has for traces, where the address has none. */
function tracesUrl(endpoint: string, protocol: Protocol): string {
  if (protocol === 'grpc' || new URL(endpoint).pathname !== '/') return endpoint;
  return new URL('/v1/traces', endpoint).href;
}

const said = (environment: Environment, name: string): string => (environment[name] ?? '').trim();
