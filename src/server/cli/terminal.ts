import type { Screen } from './screen.ts';
import { displayWidth, fit } from './text.ts';

/** What a command may know of the process it runs in: main.ts makes one, tests make their own. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether stdout is a person's terminal that wants colour: never with NO_COLOR or in a pipe. */
  readonly colour: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Fires with Ctrl-C, except under `serve`, which has its own signals. */
  readonly signal: AbortSignal;
  /** Where stdout is a terminal: what can be drawn on. */
  readonly screen?: Screen | undefined;
}

/** Exit codes of every command; they are part of the interface (docs). */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a command tells its exit code: one of these, or that of a program it ran. */
export type Finish = (code: number) => void;

export type Colour = 'green' | 'yellow' | 'red' | 'bold' | 'dim' | 'inverse';

const sgr: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, bold: 1, dim: 2, inverse: 7 };

export function paint(terminal: Pick<Terminal, 'colour'>, colour: Colour, text: string): string {
  return terminal.colour ? `\u001b[${sgr[colour]}m${text}\u001b[0m` : text;
}

/** Rows under a header, columns as wide as their widest cell, two spaces between. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => displayWidth(row[column] ?? ''))));
  const lines = all.map((row) =>
    row
      .map((cell, column) => fit(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** JSON as scripts read it: two spaces, 64-bit integers as decimal text, bytes as base64. */
export function json(value: unknown): string {
  const plain = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? part.toString() : part);
  return `${JSON.stringify(value, plain, 2)}\n`;
}

/** Bytes for people, as the registries count them: 1 MB = 1,000,000. */
export function bytes(count: number | bigint): string {
  let value = Number(count);
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 1000) return unit === 'B' ? `${value} B` : `${value.toPrecision(3)} ${unit}`;
    value /= 1000;
  }
  return `${value.toPrecision(3)} TB`;
}
