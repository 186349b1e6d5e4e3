/** A fenced block of shell commands in a Markdown text, and what becomes of it in the tests. */
export interface CommandBlock {
  /** Where its first command stands, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly mark: Mark;
}

/** `place` names the test that runs it, in the order of the text. */
export type Mark =
  { readonly kind: 'run'; readonly place: string } | { readonly kind: 'not run'; readonly reason: string };

const fence = /^(\s*)(```+)\s*(\S*)/;
const mark = /^\s*<!-- (run|not run): (.+?) -->\s*$/;
const shells: ReadonlySet<string> = new Set(['sh', 'bash', 'shell', 'console']);

/**
 * The commands of a text: every block between fences that say `sh`. Before each stands a line `<!-- run: PLACE -->` or
 * `<!-- not run: REASON -->`, which readers do not see. Errors: for a block without one, naming file and line.
 */
export function commandBlocks(markdown: string, file: string): readonly CommandBlock[] {
  const lines = markdown.split('\n');
  const blocks: CommandBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', ticks = '', language = ''] = fence.exec(lines[at] ?? '') ?? [];
    if (ticks === '') continue;
    const begin = at + 1;
    at = lines.findIndex((line, index) => index >= begin && line.trim() === ticks);
    if (at < 0) throw new Error(`${file}:${begin}: the block has no end`);
    if (!shells.has(language)) continue;
    const text = lines.slice(begin, at).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ line: begin + 1, text: text.join('\n'), mark: markBefore(lines, begin - 1, file) });
  }
  return blocks;
}

/** Those that one test runs. */
export function blocksFor(place: string, blocks: readonly CommandBlock[]): readonly CommandBlock[] {
  return blocks.filter((block) => block.mark.kind === 'run' && block.mark.place === place);
}

function markBefore(lines: readonly string[], at: number, file: string): Mark {
  let before = at - 1;
  while (lines[before]?.trim() === '') before--;
  const [, kind, words = ''] = mark.exec(lines[before] ?? '') ?? [];
  if (kind === 'run') return { kind, place: words };
  if (kind === 'not run') return { kind, reason: words };
  throw new Error(`${file}:${at + 1}: put "<!-- run: PLACE -->" or "<!-- not run: REASON -->" before these commands`);
}
