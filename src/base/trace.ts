import { context, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Attributes, Span } from '@opentelemetry/api';
import { messageOf } from './errors.ts';

const tracer = trace.getTracer('cricket');

/**
 * Does one step of an operation in a span of its own, below that of the call that asked for it; a failure is
 * marked there and goes on. For a call that is not sampled, as all are while traces are off, it is the work alone.
 */
export async function traced<T>(name: string, work: () => T | Promise<T>, attributes: Attributes = {}): Promise<T> {
  if (sampledSpan() === undefined) return work();
  const span = tracer.startSpan(name, { attributes });
  try {
    return await context.with(trace.setSpan(context.active(), span), work);
  } catch (thrown) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(thrown) });
    throw thrown;
  } finally {
    span.end();
  }
}

/** Says of the span at work what it is about, in the words of OpenTelemetry's semantic conventions. */
export function describeSpan(attributes: Attributes): void {
  sampledSpan()?.setAttributes(attributes);
}

/** Goes on later in the trace that is under way now: with what an answered call has only promised. */
export function resumeTrace(): <T>(work: () => T) => T {
  const here = context.active();
  return (work) => context.with(here, work);
}

/** Fields of a log line that lead from it to its trace, by the names that log stores look for; none outside of one. */
export function traceFields(): { readonly trace_id?: string; readonly span_id?: string } {
  const span = trace.getActiveSpan();
  if (span === undefined) return {};
  const { traceId, spanId } = span.spanContext();
  return trace.isSpanContextValid(span.spanContext()) ? { trace_id: traceId, span_id: spanId } : {};
}

/** Not `isRecording`: what goes on after the call was answered still belongs to its trace. */
function sampledSpan(): Span | undefined {
  const span = trace.getActiveSpan();
  return span !== undefined && (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 ? span : undefined;
}
