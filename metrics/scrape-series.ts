import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** The scrapes themselves. */
export function scrapeSeries(registry: Registry) {
  return {
    failures: new Counter({
      name: 'cricket_scrape_failures_total',
      help: 'Scrapes that had to do without the figures of containers.',
      registers: [registry],
    }),
  };
}
