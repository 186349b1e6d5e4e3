import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ErrorCode } from '../src/base/errors.ts';

/** Seconds. From an image that is there already to one of many gigabytes. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Told of by whoever pulls. */
export interface PullMeter {
  /** A pull begins, however many wait for it; call the answer once, with the code of what ended it too early. */
  readonly begin: () => (cause?: ErrorCode) => void;
  /** Bytes of layers that came in. */
  readonly received: (bytes: number) => void;
}

/** Image pulls. `cause` is the gRPC status name that the pull ended with, in lower case. */
export function pullSeries(registry: Registry): PullMeter {
  const registers = [registry];
  const inFlight = new Gauge({ name: 'cricket_image_pulls_in_flight', help: 'Image pulls at work.', registers });
  const failures = new Counter({
    name: 'cricket_image_pull_failures_total',
    help: 'Image pulls that failed, by gRPC status.',
    labelNames: ['cause'] as const,
    registers,
  });
  const bytes = new Counter({
    name: 'cricket_image_pull_bytes_total',
    help: 'Bytes of layers received from registries.',
    registers,
  });
  const seconds = new Histogram({
    name: 'cricket_image_pull_seconds',
    help: 'Time of image pulls that succeeded.',
    buckets,
    registers,
  });
  return {
    begin() {
      inFlight.inc();
      const end = seconds.startTimer();
      return (cause) => {
        inFlight.dec();
        if (cause === undefined) end();
        else failures.inc({ cause });
      };
    },
    received: (count) => bytes.inc(count),
  };
}
