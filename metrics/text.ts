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
    if (family.labels === undefined) {
      for (const { prefix, subject } of subjects) {
        const value = family.value(subject);
        if (value !== undefined) out.line([name, prefix, noLabels], value);
      }
    } else {
      const known = ownLabels(family.labels);
      for (const { prefix, subject } of subjects)
        for (const { labels, value } of family.rows(subject)) out.line([name, prefix, known(labels)], value);
    }
    if (out.length === headed) out.rewind(before);
  }
}

const noLabels = new TextEncoder().encode('} ');
/** By the names of a family, its own array: bytes by values. */
const labelTexts = new WeakMap<readonly string[], Map<string, Uint8Array>>();
/** Values are names of devices, interfaces and the like: few, but a node may see many come and go. */
const mostTexts = 1000;

/** What is behind the labels of the subject, up to the number. It is the same for almost all of them. */
function ownLabels(names: readonly string[]): (values: readonly string[]) => Uint8Array {
  const texts = labelTexts.get(names) ?? new Map<string, Uint8Array>();
  labelTexts.set(names, texts);
  return (values) => {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\0');
    const known = texts.get(key);
    if (known !== undefined) return known;
    if (texts.size >= mostTexts) texts.clear();
    const pairs = names.map((name, i) => `,${name}="${escapeLabel(values[i] ?? '')}"`);
    const text = new TextEncoder().encode(`${pairs.join('')}} `);
    texts.set(key, text);
    return text;
  };
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
