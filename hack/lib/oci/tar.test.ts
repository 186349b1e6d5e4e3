import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTar, type TarEntry } from './tar.ts';

const long = `${'folder/'.repeat(20)}file`;

describe('tar writer', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'cricket-tar-'))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const tar = (entries: readonly TarEntry[], ...args: readonly string[]): string => {
    const file = join(dir, 'out.tar');
    writeFileSync(file, encodeTar(entries));
    return execFileSync('tar', [...args, '-f', file], { encoding: 'utf8', cwd: dir });
  };

  it('writes what GNU tar reads: kinds, modes, owners, long and non-ASCII names, xattrs', () => {
    const listing = tar(
      [
        { kind: 'dir', path: 'd', mode: 0o1777 },
        { kind: 'file', path: 'd/f', data: 'hello', mode: 0o4755, uid: 1001, gid: 50 },
        { kind: 'symlink', path: 'd/s', target: `../${long}` },
        { kind: 'hardlink', path: 'd/h', target: 'd/f' },
        { kind: 'char', path: 'd/null', major: 1, minor: 3, mode: 0o666 },
        { kind: 'fifo', path: 'd/fifo' },
        { kind: 'file', path: long, data: '' },
        { kind: 'file', path: 'grüße', data: '', xattrs: { 'user.colour': Buffer.from('green\0\n') } },
      ],
      '-tv',
      '--numeric-owner',
      '--xattrs',
      '--quoting-style=literal',
    );
    const rows = listing
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' '));
    expect(rows[0]).to.match(/^drwxrwxrwt 0\/0 0 .* d\/$/);
    expect(rows[1]).to.match(/^-rwsr-xr-x 1001\/50 5 2023-11-14 .* d\/f$/);
    expect(rows[2]).to.contain(` d/s -> ../${long}`);
    expect(rows[3]).to.contain(' d/h link to d/f');
    expect(rows[4]).to.match(/^crw-rw-rw- 0\/0 1,3 .* d\/null$/);
    expect(rows[5]).to.match(/^prw-r--r-- .* d\/fifo$/);
    expect(rows[6]).to.contain(` ${long}`);
    expect(listing).to.contain('grüße');
  });

  it('keeps contents of every length around a block', () => {
    const sizes = [0, 1, 511, 512, 513, 1024];
    tar(
      sizes.map((size) => ({ kind: 'file', path: `f${String(size)}`, data: Buffer.alloc(size, size & 0xff) })),
      '-x',
    );
    for (const size of sizes) {
      const file = join(dir, `f${String(size)}`);
      expect(statSync(file).size).to.equal(size);
      expect(readFileSync(file).equals(Buffer.alloc(size, size & 0xff))).to.equal(true);
    }
  });

  it('counts a pax length across a change in its own number of digits', () => {
    for (let length = 85; length < 110; length++) {
      const value = Buffer.alloc(length, 0x61);
      const out = encodeTar([{ kind: 'file', path: 'f', data: '', xattrs: { a: value } }]);
      const record = out.subarray(512, 1024).toString('latin1').replace(/\0+$/, '');
      expect(Number.parseInt(record, 10)).to.equal(record.length);
    }
  });

  it('refuses an owner that does not fit', () => {
    expect(() => encodeTar([{ kind: 'dir', path: 'd', uid: 0o10000000 }])).to.throw(RangeError);
  });
});
