import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileTests } from './compiled.ts';

const repo = join(import.meta.dirname, '../../..');

describe('compiled tests', function () {
  this.timeout(120_000);
  let out: string;
  before(() => {
    // Below the packages: some of them are not compiled in.
    mkdirSync(join(repo, 'node_modules/.cache'), { recursive: true });
    out = mkdtempSync(join(repo, 'node_modules/.cache/compiled-'));
  });
  after(() => rmSync(out, { recursive: true }));

  it('run as their sources do, and find by their place what those would', async () => {
    // One looks for the sources, the other starts a Worker.
    const files = ['test/architecture.test.ts', 'src/linux/capture.test.ts'];
    const compiled = await compileTests(repo, out, files);
    const paths = ['hack/lib/test/part.ts', ...files].map((file) => compiled.get(file) ?? '');
    expect(execFileSync(process.execPath, paths, { encoding: 'utf8' })).to.match(/\d+ passing/);
  });
});
