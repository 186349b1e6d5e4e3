import { z } from 'zod';
import { listenAddress } from '../values.ts';

export const streamingSection = z
  .strictObject({
    address: listenAddress({ mayBeEmpty: false })
      .default('127.0.0.1:0')
      .describe('Where exec, attach and port-forward streams are served. Port 0: a free one.'),
  })
  .describe('Streams of exec, attach and port-forward.');

export const metricsSection = z
  .strictObject({
    address: listenAddress({ mayBeEmpty: true })
      .default('127.0.0.1:9464')
      .describe('Where /metrics, /healthz and /readyz are served. Empty: nowhere.'),
  })
  .describe('Metrics and health.');

export const tracingSection = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^(https?:\/\/[^\s]+)?$/, 'must be empty or an http:// or https:// address')
      .default('')
      .describe('OTLP/HTTP collector, such as http://127.0.0.1:4318/v1/traces. Empty: no traces, at no cost.'),
    samplePerMillion: z
      .number()
      .refine(
        (value) => Number.isInteger(value) && value >= 0 && value <= 1_000_000,
        'must be a whole number from 0 to 1000000',
      )
      .default(1_000_000)
      .describe('How many of a million calls without a sampled parent are traced.'),
  })
  .describe('Traces by OpenTelemetry.');
