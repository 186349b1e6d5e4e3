import type { Registry } from 'prom-client';
import { escapeHelp, escapeLabel } from './text.ts';
import type { TextFormat } from './text.ts';

/** A value as prom-client tells it; those of a histogram name their part: `_bucket`, `_sum`, `_count`. */
interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * The text of a registry, without OpenMetrics' end mark. prom-client's own writer renames its counters for good when it
 * writes OpenMetrics, so that one registry could not serve both formats.
 */
export async function registryText(registry: Registry, format: TextFormat): Promise<string> {
  let text = '';
  for (const { name, help, type, values } of await registry.getMetricsAsJSON()) {
    const family = format === 'openmetrics' && String(type) === 'counter' ? name.replace(/_total$/, '') : name;
    text += `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${String(type)}\n`;
    for (const { metricName = name, labels, value } of values as readonly Value[])
      text += `${metricName}${labelText(labels)} ${numberText(value)}\n`;
  }
  return text;
}

function labelText(labels: Value['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
