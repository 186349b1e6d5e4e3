import { expect } from 'chai';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { makeDirectories } from './make-directories.ts';

describe('makeDirectories', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'cricket-mkdir-'))));
  after(() => rmSync(folder, { recursive: true }));

  const errnoFor = (path: string): string | undefined => {
    try {
      makeDirectories(path, 0o755);
      return undefined;
    } catch (error) {
      return errnoOf(error);
    }
  };

  it('makes what is missing with its mode and leaves what is there', () => {
    const path = join(folder, 'a/b/c');
    makeDirectories(path, 0o700);
    expect(statSync(path).mode & 0o7777).to.equal(0o700);
    writeFileSync(join(path, 'file'), '');
    expect([path, join(path, 'file'), '/'].map(errnoFor)).to.deep.equal([undefined, undefined, undefined]);
  });

  it('ends with an error where nothing can be made', () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('/nonexistent', join(folder, 'dangling'));
    expect(errnoFor(join(folder, 'file/x'))).to.equal('ENOTDIR');
    expect(errnoFor(join(folder, 'dangling/x'))).to.equal('ENOENT');
    expect(errnoFor('/proc/nonexistent/x')).to.equal('ENOENT');
  });
});
