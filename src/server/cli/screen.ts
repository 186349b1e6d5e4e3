/** A person's terminal, taken over for a while. main.ts makes one where standard output is a terminal. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /**
   * Shows an empty screen of its own until disposed, which gives back what was there, cursor and line mode included.
   * `onKey` gets what a key sends; Ctrl-C comes as one too.
   */
  open(handlers: { readonly onKey: (key: string) => void; readonly onResize: () => void }): Disposable;
  /** Lines that fit; the rest of the screen becomes empty. */
  draw(lines: readonly string[]): void;
}

const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

/** Undefined unless standard output is a terminal that knows these sequences. */
export function screenOf(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  term: string | undefined,
): Screen | undefined {
  if (!output.isTTY || term === 'dumb') return undefined;
  return {
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
    open({ onKey, onResize }) {
      const onData = (data: Buffer) => onKey(data.toString('utf8'));
      // Also at an exit that nobody foresaw; written at once, as nothing else runs any more then.
      const restore = () => {
        output.write(leave);
        if (input.isTTY) input.setRawMode(false);
      };
      process.once('exit', restore);
      output.on('resize', onResize);
      if (input.isTTY) {
        input.setRawMode(true);
        input.on('data', onData);
        input.resume();
      }
      output.write(enter);
      return {
        [Symbol.dispose]() {
          process.off('exit', restore);
          output.off('resize', onResize);
          input.off('data', onData);
          if (input.isTTY) input.pause();
          restore();
        },
      };
    },
    draw: (lines) => {
      output.write(`\u001b[H${lines.map((line) => `${line}\u001b[0m\u001b[K`).join('\r\n')}\u001b[J`);
    },
  };
}
