import { z } from 'zod';
import { integer } from '../values.ts';

export const tracingSection = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^(https?:\/\/[^\s]+)?$/, 'must be empty or an http:// or https:// address')
      .default('')
      .describe(
        'OTLP collector, such as http://127.0.0.1:4318 or, for gRPC, http://127.0.0.1:4317. Empty: the one that OTEL_EXPORTER_OTLP_ENDPOINT names; without that, no traces, at no cost.',
      ),
    protocol: z
      .enum(['', 'grpc', 'http/protobuf', 'http/json'])
      .default('')
      .describe('How the collector is spoken to. Empty: as OTEL_EXPORTER_OTLP_PROTOCOL says, else http/protobuf.'),
    samplePerMillion: integer(0, 1_000_000)
      .default(1_000_000)
      .describe(
        'How many of a million calls are traced; what the caller has decided for its own trace goes before. OTEL_TRACES_SAMPLER, where set, takes the place of this.',
      ),
  })
  .describe('Traces by OpenTelemetry. What is set here goes before the OTEL_ variables of the environment.');
