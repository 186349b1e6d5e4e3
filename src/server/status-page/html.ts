/** A piece of HTML that is as it should be; everything else is text and becomes harmless when it is put into one. */
export interface Html {
  readonly html: string;
}

type Part = Html | readonly Html[] | string | number;

/** markup`<td>${name}</td>`: what is put in is escaped, unless it is Html itself. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, i) => text + (i < parts.length ? partOf(parts[i] ?? '') : '')).join('') };
}

function partOf(part: Part): string {
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return `${part}`;
  return 'html' in part ? part.html : part.map((each) => each.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
