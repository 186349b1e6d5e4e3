import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { cleanProgramMappings, releaseProgramPages } from './resident.ts';

const block = (range: string, mode: string, file: string, anonymous: number) =>
  `${range} ${mode} 00000000 fe:00 123                        ${file}\nSize:    8 kB\nAnonymous:             ${anonymous} kB\n`;

describe('pages of the program', () => {
  it('are those of its file that nobody can have changed', () => {
    const smaps = [
      block('1000-3000', 'r--p', '/bin/node', 0),
      block('3000-5000', 'r-xp', '/bin/node', 0),
      block('5000-6000', 'r--p', '/bin/node', 4),
      block('6000-7000', 'rw-p', '/bin/node', 0),
      block('7000-8000', 'r-xp', '/lib/libc.so.6', 0),
    ].join('');
    expect(cleanProgramMappings(smaps, '/bin/node')).to.deep.equal([
      { start: 0x1000n, end: 0x3000n },
      { start: 0x3000n, end: 0x5000n },
    ]);
  });

  it('are let go of, and the program goes on', () => {
    const resident = () => /^Rss: +(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1];
    const before = Number(resident());
    releaseProgramPages();
    expect(Number(resident())).to.be.lessThan(before);
    expect(JSON.parse('[1,2,3]')).to.deep.equal([1, 2, 3]);
  });
});
