import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Shot {
  readonly url: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
}

/** Headless Chromium with a profile that is gone afterwards; as root, so without its sandbox. */
const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run', '--disable-extensions'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--no-proxy-server'],
];

/** What a page looks like, as a small PNG. */
export async function takeShot({ url, file, width, height, dark = false }: Shot): Promise<void> {
  const scheme = `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`;
  await chromium([scheme, `--window-size=${width},${height}`, `--screenshot=${file}`, url]);
  await promisify(execFile)('pngquant', ['--force', '--output', file, '--quality', '70-95', '32', file]);
}

/** Runs Chromium to its end; what it printed on standard output and standard error. */
export async function chromium(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const profile = mkdtempSync(join(tmpdir(), 'cricket-chromium-'));
  try {
    const all = [...flags, `--user-data-dir=${profile}`, ...args];
    return await promisify(execFile)('chromium', all, { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
