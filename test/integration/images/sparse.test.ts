import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { listing, unpack, workDirectory } from './lab.ts';

describe('sparse members of a layer', () => {
  let work = '';
  before(() => {
    work = workDirectory();
    mkdirSync(join(work, 'tree'));
    // Two regions; one and a hole at the end; nothing but a hole; more regions than one old header holds; a long name.
    const script = `
      cd ${work}/tree; printf head > two; printf tail | dd of=two bs=1 seek=3000000 status=none; truncate -s 5M two
      truncate -s 1M hole; printf data > end; truncate -s 7340033 end
      for i in $(seq 1 60); do printf "region $i" | dd of=many bs=1 seek=$((i * 300000)) conv=notrunc status=none; done
      cp --sparse=always many $(printf 'n%.0s' $(seq 1 180)); echo plain > plain; touch -d '2020-01-01 UTC' * .`;
    execFileSync('bash', ['-ec', script]);
  });
  after(() => rmSync(work, { recursive: true }));

  const formats = {
    'old GNU': ['--format=gnu'],
    ...Object.fromEntries(
      ['0.0', '0.1', '1.0'].map((version) => [`PAX ${version}`, ['--format=pax', `--sparse-version=${version}`]]),
    ),
  };
  for (const [name, options] of Object.entries(formats))
    it(`are what GNU tar makes of them: ${name}`, async () => {
      const archive = join(work, 'archive.tar');
      execFileSync('tar', ['-C', join(work, 'tree'), '--sparse', ...options, '-cf', archive, '.']);
      expect(lstatSync(archive).size).to.be.lessThan(2_000_000);
      const theirs = join(work, `theirs-${name}`);
      mkdirSync(theirs);
      execFileSync('tar', ['-C', theirs, '-pxf', archive]);
      const ours = await unpack(work, `ours-${name}`, readFileSync(archive));
      expect(listing(ours.path)).to.deep.equal(listing(theirs));
      execFileSync('diff', ['-r', join(work, 'tree'), ours.path]);
      expect(lstatSync(join(ours.path, 'two')).blocks).to.be.lessThan(100);
      rmSync(ours.path, { recursive: true });
    });
});
