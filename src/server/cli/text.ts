/** Text as a terminal shows it: how many cells it takes, cut or filled up to a width, without what would steer it. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Unicode's East_Asian_Width W and F (UAX 11), and what is shown as a picture. */
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const narrow = /^[\x20-\x7e]*$/;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
/** Control characters, and those that turn the direction of what follows. */
const steering = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Cells of a terminal. */
export function displayWidth(text: string): number {
  if (narrow.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += cellsOf(segment);
  return width;
}

const cellsOf = (grapheme: string): number => (invisible.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1);

/** What others have named, with nothing in it that a terminal would obey. */
export const harmless = (text: string): string => text.replace(steering, '\ufffd');

export type Align = 'left' | 'right';

/** Exactly so many cells: filled with spaces, or cut with a … where it was. */
export function fit(text: string, width: number, align: Align = 'left'): string {
  const cut = displayWidth(text) > width ? cutMiddle(text, width) : text;
  const space = ' '.repeat(width - displayWidth(cut));
  return align === 'left' ? cut + space : space + cut;
}

/** The middle goes: names differ at their ends. */
function cutMiddle(text: string, width: number): string {
  if (width <= 1) return width === 1 ? '…' : '';
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  const head = take(parts, Math.floor((width - 1) / 2));
  const tail = take(parts.toReversed(), width - 1 - displayWidth(head.join('')));
  return `${head.join('')}…${tail.reverse().join('')}`;
}

function take(parts: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const part of parts) {
    left -= cellsOf(part);
    if (left < 0) break;
    taken.push(part);
  }
  return taken;
}
