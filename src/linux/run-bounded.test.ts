import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { exitCodeOf } from './pidfd.ts';
import { runBounded } from './run-bounded.ts';
import type { BoundedOptions } from './run-bounded.ts';
import { Watcher } from './watcher.ts';

describe('runBounded', () => {
  let watcher: Watcher;
  let dir: string;
  before(() => (watcher = new Watcher()));
  after(async () => watcher[Symbol.asyncDispose]());
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'bounded-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const never = new AbortController().signal;
  async function run(script: string, options: Partial<BoundedOptions> = {}, signal = never) {
    const given = { path: '/bin/sh', args: ['-c', script], env: ['PATH=/usr/bin:/bin'], input: '', limit: 100_000 };
    const bounds = { timeoutMs: 10_000, onStart: async () => undefined, ...options };
    const { ending, stdout, ended } = await runBounded(watcher, { ...given, cwd: dir, ...bounds }, signal);
    return { code: exitCodeOf(ending), stdout: stdout.toString(), ended };
  }
  const pidIn = async (file: string) => {
    while (!existsSync(join(dir, file)) || readFileSync(join(dir, file), 'utf8') === '') await delay(5);
    return Number(readFileSync(join(dir, file), 'utf8'));
  };
  /** Gone, or a zombie that init has not reaped yet. */
  const gone = async (pid: number) => {
    const state = () =>
      existsSync(`/proc/${pid}`) ? /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] : 'gone';
    for (let left = 200; left > 0 && !['Z', 'X', 'gone'].includes(state() ?? ''); left--) await delay(10);
    return state();
  };

  it('gives the input, however large, and keeps what is printed', async () => {
    const input = 'x'.repeat(90_000);
    expect(await run('cat', { input })).to.deep.equal({ code: 0, stdout: input, ended: undefined });
    expect(await run('exit 3', { input: 'x'.repeat(1 << 20) })).to.include({ code: 3, ended: undefined });
  });

  it('gives the input only once it is written down who runs', async () => {
    const order: string[] = [];
    const onStart = async () => {
      await delay(30);
      order.push('written down');
    };
    await run('cat >/dev/null; :', { input: 'a', onStart });
    order.push('ended');
    expect(order).to.deep.equal(['written down', 'ended']);
    const refused = await run('cat', {
      input: 'secret',
      onStart: async () => Promise.reject(new Error('no room')),
    }).catch((error: unknown) => error);
    expect(String(refused)).to.contain('no room');
  });

  it('ends it with its children after its time, and when cancelled', async () => {
    const script = 'sleep 1000 & echo $! >child; wait';
    const late = run(script, { timeoutMs: 50 });
    expect(await late).to.include({ code: 137, ended: 'timeout' });
    expect(await gone(await pidIn('child'))).to.be.oneOf(['Z', 'gone']);
    rmSync(join(dir, 'child'));
    const cancel = new AbortController();
    const cancelled = run(script, {}, cancel.signal);
    const child = await pidIn('child');
    cancel.abort();
    expect(await cancelled).to.include({ code: 137, ended: 'cancelled' });
    expect(await gone(child)).to.be.oneOf(['Z', 'gone']);
    expect(await run(script, {}, AbortSignal.abort())).to.include({ code: 137, ended: 'cancelled' });
  });

  it('ends one that prints without end, also when only its child does', async () => {
    expect(await run('yes')).to.include({ code: 137, ended: 'output' });
    expect(await run('yes & exit 0')).to.include({ code: 0, ended: 'output' });
  });
});
