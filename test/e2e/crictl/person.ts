import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { eventually } from '../../fixtures/pods.ts';

/** Somebody at a real terminal, in which a command runs: script(1) makes it. */
export class Person implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #screen = '';
  /** Resolves with the exit code of the command. */
  readonly left: Promise<number>;

  constructor(command: string) {
    // Its own number first, to change its size from outside.
    const inside = `stty cols 100 rows 30; tty; exec ${command}`;
    this.#child = spawn('script', ['-qfec', inside, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#screen += chunk.toString()));
    this.left = new Promise((resolve) => this.#child.on('exit', (code) => resolve(code ?? -1)));
  }

  get screen(): string {
    return this.#screen;
  }

  /** Errors: it does not come in 10 s; with what is there. */
  async sees(text: string): Promise<void> {
    await eventually(() => {
      if (!this.#screen.includes(text))
        throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(this.#screen)}`);
    });
  }

  types(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** As one who drags the corner of the window. */
  resizes(columns: number, rows: number): void {
    const terminal = /\/dev\/pts\/\d+/.exec(this.#screen)?.[0] ?? '';
    execFileSync('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)]);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}
