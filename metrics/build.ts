import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What runs. */
export function buildSeries(registry: Registry) {
  return {
    info: new Gauge({
      name: 'cricket_build_info',
      help: 'Always 1; the labels name the version of Cricket and of Node.',
      labelNames: ['version', 'node'] as const,
      registers: [registry],
    }),
  };
}
