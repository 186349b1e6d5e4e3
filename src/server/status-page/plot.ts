import { markup } from './html.ts';
import type { Html } from './html.ts';
import { windowMs } from './history.ts';

export interface Plot {
  /** What it shows, for who does not see it. */
  readonly label: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
  /** Value at the upper edge; what is above it widens the plot. */
  readonly top: number;
  readonly now: number;
}

const width = 120;
const height = 28;

/** A line over the last minutes, with the area below it. One point alone is no line yet. */
export function plot({ label, points, top, now }: Plot): Html {
  const highest = Math.max(top, ...points.map(({ value }) => value), Number.MIN_VALUE);
  const placed = points.map(({ at, value }) => {
    const x = width * (1 - (now - at) / windowMs);
    const y = (height - 1) * (1 - value / highest) + 0.5;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const [first = '', last = ''] = [placed[0], placed.at(-1)];
  const line = placed.length < 2 ? '' : `M${placed.join('L')}`;
  const area = line === '' ? '' : `${line}L${xOf(last)},${height}L${xOf(first)},${height}Z`;
  return markup`<svg
    class="plot"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="${label}"
    preserveAspectRatio="none"
  >
    <path class="area" d="${area}" />
    <path class="line" d="${line}" />
  </svg>`;
}

const xOf = (point: string): string => point.slice(0, point.indexOf(','));

/** How much of something is taken, as a bar. */
export function bar(label: string, share: number): Html {
  const cells = Math.round(Math.max(0, Math.min(1, share)) * width);
  return markup`<svg
    class="bar"
    viewBox="0 0 ${width} 6"
    width="${width}"
    height="6"
    role="img"
    aria-label="${label}"
    preserveAspectRatio="none"
  >
    <rect class="whole" width="${width}" height="6" rx="3" />
    <rect class="part" width="${cells}" height="6" rx="3" />
  </svg>`;
}
