import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { registryText } from './own-text.ts';
import type { Metrics } from './registry.ts';
import { contentTypes, formatFor } from './text.ts';
import type { TextFormat } from './text.ts';

export interface SeriesForm {
  readonly format: TextFormat;
  readonly gzip: boolean;
}

/** Writes the series of all containers behind `head`, and the end mark that OpenMetrics wants. */
export type ContainerSeries = (head: string, form: SeriesForm, signal: AbortSignal) => Promise<Uint8Array>;

export interface ScrapeSources {
  readonly metrics: Metrics;
  /** None: the daemon's own series alone. */
  readonly containers?: ContainerSeries;
}

export interface Scraped {
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a scraper said that it takes. */
export interface Wishes {
  readonly accept: string | undefined;
  readonly acceptEncoding: string | undefined;
}

const compress = promisify(gzip);

/** One scrape. Where containers cannot be looked at, it says so and tells the rest. */
export async function scrape(sources: ScrapeSources, wishes: Wishes, signal: AbortSignal): Promise<Scraped> {
  const form = { format: formatFor(wishes.accept), gzip: takesGzip(wishes.acceptEncoding) };
  const own = await registryText(sources.metrics.registry, form.format);
  const body = await withContainers(sources, own, form, signal);
  const encoding = form.gzip ? { 'content-encoding': 'gzip' } : {};
  return { type: contentTypes[form.format], body, headers: { ...encoding, vary: 'accept, accept-encoding' } };
}

async function withContainers(
  { containers, metrics }: ScrapeSources,
  own: string,
  form: SeriesForm,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (containers !== undefined) {
    try {
      return await containers(own + scrapeError(0), form, signal);
    } catch {
      metrics.scrape.failures.inc();
    }
  }
  const end = form.format === 'openmetrics' ? '# EOF\n' : '';
  const text = Buffer.from(own + (containers === undefined ? '' : scrapeError(1)) + end);
  return form.gzip ? compress(text) : text;
}

/** cAdvisor's own name for it; without labels. */
function scrapeError(value: 0 | 1): string {
  const name = 'container_scrape_error';
  return `# HELP ${name} ${scrapeErrorHelp}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}
export const scrapeErrorHelp = '1 if the figures of containers could not be read, else 0.';

/** RFC 9110, 12.5.3: `gzip`, unless with a weight of 0. */
function takesGzip(header = ''): boolean {
  return header.split(',').some((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
