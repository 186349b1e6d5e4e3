import type { ByteWriter } from './byte-writer.ts';
import type { Family } from './family.ts';

/** Prometheus' own text format, and the standard made of it (openmetrics.io). */
export type TextFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Which of both an Accept header asks for: OpenMetrics only where it is named, and not with a lower weight. */
export function formatFor(accept: string | undefined): TextFormat {
  let best: { readonly format: TextFormat; readonly weight: number } = { format: 'prometheus', weight: 0 };
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const format = type === 'application/openmetrics-text' ? 'openmetrics' : 'prometheus';
    const known = format === 'openmetrics' || ['text/plain', 'text/*', '*/*'].includes(type);
    if (known && (weight > best.weight || (weight === best.weight && format === 'openmetrics')))
      best = { format, weight };
  }
  return best.format;
}

/** A subject and the bytes of its labels: `{container="web",pod="shop"`, without a closing brace. */
export interface Labelled<Subject> {
  readonly prefix: Uint8Array;
  readonly subject: Subject;
}

/** Writes the text of all families over all subjects; families without a row are left out. */
export function writeFamilies<Subject>(
  out: ByteWriter,
  families: readonly Family<Subject>[],
  subjects: readonly Labelled<Subject>[],
  format: TextFormat,
): void {
  for (const family of families) {
    const before = out.length;
    out.text(heading(family, format));
    const headed = out.length;
    const name = Buffer.from(family.name);
    for (const { prefix, subject } of subjects) {
      if (family.labels === undefined) {
        const value = family.value(subject);
        if (value !== undefined) writeRow(out, name, prefix, `} ${value}\n`);
      } else {
        for (const { labels, value } of family.rows(subject))
          writeRow(out, name, prefix, `${ownLabels(family.labels, labels)}} ${value}\n`);
      }
    }
    if (out.length === headed) out.rewind(before);
  }
}

function writeRow(out: ByteWriter, name: Uint8Array, prefix: Uint8Array, rest: string): void {
  out.bytes(name);
  out.bytes(prefix);
  out.text(rest);
}

function ownLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `,${name}="${escapeLabel(values[i] ?? '')}"`).join('');
}

/** OpenMetrics names a counter without its `_total`; one that has none it would refuse: its type is left unknown. */
function heading({ name, help, type }: Family<never>, format: TextFormat): string {
  const open = format === 'openmetrics';
  const known = !open || type !== 'counter' || name.endsWith('_total');
  const family = open && type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${known ? type : 'unknown'}\n`;
}

/** `{a="1",b="2"`: what stays the same of a subject from scrape to scrape. In memory of its own: it is kept for long. */
export function labelPrefix(labels: readonly (readonly [string, string])[]): Uint8Array {
  return new TextEncoder().encode(`{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}`);
}

const special = /[\\"\n]/;
export const escapeLabel = (text: string) =>
  special.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;
export const escapeHelp = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
