import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockPidFile } from './flock.ts';

describe('lockPidFile', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cricket-flock-'));
    path = join(directory, 'cricket.pid');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('holds the pid and refuses a second instance by it', () => {
    {
      using _held = lockPidFile(path);
      expect(readFileSync(path, 'utf8')).to.equal(`${process.pid}\n`);
      expect(() => lockPidFile(path))
        .to.throw(`process ${process.pid} holds it`)
        .with.property('code', 'already_exists');
    }
    expect(existsSync(path)).to.equal(false);
    lockPidFile(path)[Symbol.dispose]();
  });

  it('is free again when its holder was killed', async () => {
    const script = `import(${JSON.stringify(join(import.meta.dirname, 'flock.ts'))}).then((m) => { globalThis.held = m.lockPidFile(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000); })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => lockPidFile(path)).to.throw(`process ${String(child.pid)} holds it`);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    lockPidFile(path)[Symbol.dispose]();
  });
});
