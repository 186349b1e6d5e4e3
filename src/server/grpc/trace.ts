import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span, TextMapGetter } from '@opentelemetry/api';
import type { Metadata } from '@grpc/grpc-js';
import type { CricketError } from '../../base/errors.ts';

const tracer = trace.getTracer('cricket');

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String),
};

export interface CallSpan {
  readonly span: Span;
  readonly inside: Context;
}

/** Begins the span of a call, as the child of the caller's. Costs next to nothing while no SDK is set up. */
export function beginSpan(path: string, metadata: Metadata): CallSpan {
  const parent = propagation.extract(context.active(), metadata, getter);
  const [, service = '', method = ''] = path.split('/');
  const attributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
  const span = tracer.startSpan(`${service}/${method}`, { kind: SpanKind.SERVER, attributes }, parent);
  return { span, inside: trace.setSpan(parent, span) };
}

export function endSpan({ span }: CallSpan, code: number, error: CricketError | undefined): void {
  span.setAttribute('rpc.grpc.status_code', code);
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  span.end();
}
