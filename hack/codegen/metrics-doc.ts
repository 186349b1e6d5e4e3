import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { scrapeErrorHelp } from '../../metrics/scrape.ts';
import type { Family } from '../../metrics/family.ts';
import { createMetrics } from '../../metrics/registry.ts';
import { labelKeys } from '../../src/sandbox/stats/labels.ts';
import { containerFamilies, criFamilies, oomFamilies } from '../../src/sandbox/stats/series/families.ts';
import { networkFamilies } from '../../src/sandbox/stats/series/network.ts';
import { replaceMarked } from '../lib/marked.ts';
import { renderTable } from './table.ts';

export const metricsDocPath = 'docs/metrics.md';

/** docs/metrics.md with its tables as the series are. */
export function metricsDoc(root: URL): string {
  const text = readFileSync(new URL(metricsDocPath, root), 'utf8');
  const { registry } = createMetrics('');
  return replaceMarked(replaceMarked(text, 'containers', containerTable()), 'daemon', ownTable(registry));
}

function containerTable(): string {
  const common = labelKeys.join(', ');
  const cri = new Set([...criFamilies, ...networkFamilies].map(({ name }) => name));
  const families: readonly Pick<Family<never>, 'name' | 'type' | 'help' | 'labels'>[] = [
    ...containerFamilies,
    ...networkFamilies,
    ...oomFamilies,
  ];
  const rows = families.map(({ name, type, help, labels }) => [
    ...[`\`${name}\``, type, (labels ?? []).join(', '), cri.has(name) ? 'yes' : '', help],
  ]);
  const error = ['`container_scrape_error`', 'gauge', '', '', scrapeErrorHelp];
  const table = renderTable(['series', 'type', 'labels of its own', 'over CRI', 'meaning'], [...rows, error]);
  return `Labels of all: ${common}; of \`${oomFamilies[0]?.name ?? ''}\` container, namespace and pod; of \`container_scrape_error\` none.\n\n${table}`;
}

/** As prom-client has it, but for the label names, which its types keep to themselves. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

function ownTable(registry: Registry): string {
  const metrics = registry.getMetricsAsArray() as unknown as readonly Metric[];
  const rows = metrics.map((metric) => {
    const type = metric.constructor.name.toLowerCase();
    return [`\`${metric.name}\``, type, (metric.labelNames ?? []).join(', '), metric.help];
  });
  return renderTable(
    ['series', 'type', 'labels', 'meaning'],
    rows.sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')),
  );
}
