import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './remove-tree.ts';

describe('removeTree', () => {
  let dir: string;
  let tree: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-tree-'));
    tree = join(dir, 'tree');
    mkdirSync(join(tree, 'a/b'), { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('removes files, links and names that are no text, and follows no link', () => {
    mkdirSync(join(dir, 'other'));
    writeFileSync(join(dir, 'other/kept'), '');
    symlinkSync('../../other', join(tree, 'a/link'));
    writeFileSync(Buffer.from(`${tree}/a/b/\xff\n`, 'latin1'), '');
    mkdirSync(Buffer.from(`${tree}/\xfe`, 'latin1'));
    execFileSync('mkfifo', [join(tree, 'fifo')]);
    removeTree(tree);
    expect(readdirSync(dir)).to.deep.equal(['other']);
    expect(existsSync(join(dir, 'other/kept'))).to.equal(true);
  });

  it('is content with a file, a link and nothing', () => {
    writeFileSync(join(dir, 'file'), '');
    symlinkSync('tree', join(dir, 'link'));
    for (const name of ['file', 'link', 'absent', 'absent/below']) removeTree(join(dir, name));
    expect(readdirSync(dir)).to.deep.equal(['tree']);
  });

  it('has no depth that is too deep, nor too many on one level', function () {
    this.timeout(20_000);
    const before = process.cwd();
    for (const name of ['one', 'two']) {
      mkdirSync(join(tree, name));
      process.chdir(join(tree, name));
      for (let level = 0; level < 1000; level += 1) {
        mkdirSync('deeper');
        process.chdir('deeper');
      }
    }
    process.chdir(before);
    for (let index = 0; index < 2000; index += 1) writeFileSync(join(tree, 'a', String(index)), '');
    removeTree(tree);
    expect(readdirSync(dir)).to.deep.equal([]);
  });

  it('never goes into what is mounted below, be it of the same file system', () => {
    const volume = join(dir, 'volume');
    mkdirSync(join(volume, 'data'), { recursive: true });
    execFileSync('mount', ['--bind', volume, join(tree, 'a/b')]);
    try {
      expect(() => removeTree(tree)).to.throw(`${tree}/a/b is not removed: something is mounted there`);
      expect(() => removeTree(join(tree, 'a/b'))).to.throw('something is mounted there');
      expect(readdirSync(volume)).to.deep.equal(['data']);
    } finally {
      execFileSync('umount', [join(tree, 'a/b')]);
    }
  });
});
