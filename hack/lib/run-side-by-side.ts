import { spawn } from 'node:child_process';

export interface Part {
  readonly name: string;
  /** Arguments of this very node. */
  readonly args: readonly string[];
}

export interface PartResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** All it wrote, both streams in the order of arrival. */
  readonly output: string;
}

/** Runs every part, `limit` at a time in the order given; `report` is called as each ends. */
export async function runSideBySide(
  parts: readonly Part[],
  limit: number,
  report: (result: PartResult) => void,
): Promise<PartResult[]> {
  const waiting = [...parts];
  const results: PartResult[] = [];
  const work = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const result = await run(part);
      report(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, parts.length) }, work));
  return results;
}

async function run({ name, args }: Part): Promise<PartResult> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = (performance.now() - begun) / 1000;
  return { name, passed: code === 0, seconds, output: Buffer.concat(chunks).toString() };
}
