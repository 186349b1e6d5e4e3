import type { PullProgress } from '../../../image/pull/progress.ts';
import { bytes } from '../terminal.ts';

const barWidth = 24;

/** A pull in lines of at most `columns`: the whole, then each layer that is on its way. */
export function progressLines({ reference, layers }: PullProgress, columns: number): readonly string[] {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const received = layers.reduce((sum, layer) => sum + layer.received, 0);
  const here = layers.filter(({ state }) => state === 'here').length;
  const what = layers.length === 0 ? 'asking for its manifest' : `${here} of ${layers.length} layers`;
  const moving = layers.filter(({ state }) => state === 'downloading' || state === 'unpacking');
  return [
    `${reference}: ${what}`,
    ...(layers.length === 0 ? [] : [`${bar(received, size)} ${amount(received, size)}`]),
    ...moving.map((layer) => {
      const id = layer.digest.slice(layer.digest.indexOf(':') + 1).slice(0, 12);
      return `  ${id}  ${layer.state.padEnd(11)}  ${amount(layer.received, layer.size)}`;
    }),
  ].map((line) => line.slice(0, columns));
}

const amount = (received: number, size: number) => `${bytes(received)} of ${bytes(size)}`;

/** `[=========>              ]  38%` */
function bar(received: number, size: number): string {
  const share = size === 0 ? 1 : received / size;
  const filled = Math.round(share * barWidth);
  const line = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 && filled < barWidth ? '>' : '='.repeat(Math.min(filled, 1))}`;
  return `[${line.padEnd(barWidth)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
}
