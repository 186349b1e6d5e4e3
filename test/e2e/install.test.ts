import { expect } from 'chai';
import { existsSync, mkdtempSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, succeed } from './commands.ts';

describe('hack/install', function () {
  this.timeout(120_000);
  let root: string;
  before(() => (root = mkdtempSync(join(tmpdir(), 'cricket-install-'))));
  after(() => rmSync(root, { recursive: true }));
  const current = (...names: string[]) => join(root, 'usr/lib/cricket/current', ...names);

  it('installs a program that runs by itself', async () => {
    const { err } = await succeed('hack/install', ['--root', root]);
    expect(err).to.match(/installed [0-9.]+-[0-9a-f]{12}/);
    expect(readlinkSync(join(root, 'usr/local/bin/cricket'))).to.equal('/usr/lib/cricket/current/bin/cricket');
    const { out } = await succeed(current('bin/cricket'), ['version']);
    expect(out).to.match(/^cricket \d+\.\d+\.\d+\n$/);
    const { out: config } = await succeed(current('bin/cricket'), ['config', '--format', 'json']);
    expect(JSON.parse(config)).to.have.property('socket');
  });

  it('leaves development packages and TypeScript out', () => {
    expect(existsSync(current('node_modules/koffi'))).to.equal(true);
    expect(existsSync(current('node_modules/typescript'))).to.equal(false);
    expect(existsSync(current('dist/main.ts'))).to.equal(false);
    expect(existsSync(current('dist/main.js'))).to.equal(true);
  });

  it('builds nothing when nothing has changed', async () => {
    const before = statSync(current()).ino;
    const { err } = await succeed('hack/install', ['--root', root]);
    expect(err).to.equal('');
    expect(statSync(current()).ino).to.equal(before);
  });

  it('goes on after an interrupt as if it had not begun', async () => {
    rmSync(join(root, 'usr'), { recursive: true });
    const { code } = await run('hack/install', ['--root', root], AbortSignal.timeout(400));
    expect(code).not.to.equal(0);
    expect(existsSync(current())).to.equal(false);
    await succeed('hack/install', ['--root', root]);
    await succeed(current('bin/cricket'), ['version']);
  });
});
