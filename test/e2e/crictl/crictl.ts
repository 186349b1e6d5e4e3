import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cricket } from '../../fixtures/daemon.ts';

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A real crictl that talks to one daemon. */
export interface Crictl {
  readonly binary: string;
  /** What it must be told before the command. */
  readonly flags: readonly string[];
  /** Both, for a shell. */
  readonly command: string;
  /** Whatever it ends with. */
  run(...args: readonly string[]): Promise<Answer>;
  /** What it printed, without the last line end. Errors: when it failed, with what it said. */
  ok(...args: readonly string[]): Promise<string>;
  /** The same, as words: ids of `-q`. */
  words(...args: readonly string[]): Promise<readonly string[]>;
  /** The same, read as JSON, of which the caller knows what is in it. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Must fail; what it said. */
  refused(...args: readonly string[]): Promise<string>;
  /** Writes a configuration; answers its path. */
  file(name: string, config: object): string;
}

/** Built where missing, which takes a minute. */
export function crictlBinary(): string {
  const script = join(import.meta.dirname, '../../../hack/lab/go-tools');
  return execFileSync(script, ['crictl'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

export function crictlFor(cricket: Cricket): Crictl {
  const binary = crictlBinary();
  const config = join(cricket.dir, 'crictl.yaml');
  writeFileSync(config, `runtime-endpoint: ${cricket.endpoint}\nimage-endpoint: ${cricket.endpoint}\ntimeout: 10\n`);
  const run = async (...args: readonly string[]): Promise<Answer> =>
    new Promise((resolve) => {
      const child = execFile(binary, ['--config', config, ...args], { timeout: 30_000 }, (error, out, err) => {
        resolve({ code: error === null ? 0 : (child.exitCode ?? -1), out, err });
      });
    });
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(...args);
    if (code !== 0) throw new Error(`crictl ${args.join(' ')} ended with ${code}:\n${out}${err}`);
    return out.replace(/\n$/, '');
  };
  const flags = ['--config', config];
  return {
    binary,
    flags,
    command: [binary, ...flags].join(' '),
    run,
    ok,
    words: async (...args) => (await ok(...args)).split(/\s+/).filter((word) => word !== ''),
    json: async <T>(...args: readonly string[]) => JSON.parse(await ok(...args)) as T,
    refused: async (...args) => {
      const { code, out, err } = await run(...args);
      if (code === 0) throw new Error(`crictl ${args.join(' ')} succeeded:\n${out}${err}`);
      return err;
    },
    file: (name, content) => {
      const path = join(cricket.dir, name);
      writeFileSync(path, JSON.stringify(content));
      return path;
    },
  };
}
