import { expect } from 'chai';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedDirectory } from './user-namespace-support.ts';

describe('a directory that others may not enter', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'cricket-closed-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is found on the way up, the nearest first', async () => {
    const state = join(dir, 'a/state');
    mkdirSync(state, { recursive: true });
    expect(await closedDirectory(state)).to.equal(dir);
    chmodSync(dir, 0o711);
    expect(await closedDirectory(state)).to.equal(undefined);
    chmodSync(state, 0o750);
    expect(await closedDirectory(state)).to.equal(state);
  });
});
