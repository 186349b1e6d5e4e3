import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { program } from './hands-on.ts';

describe('cricket cp onto a full disk', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  let small: string;
  before(async () => {
    cricket = await startCricket();
    small = join(cricket.dir, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  });
  after(async () => {
    await here('rm', '-f', 'small');
    execFileSync('umount', [small]);
    await cricket.stop();
  });
  const { here } = program(() => cricket);

  it('leaves no half file, in the container or on its way there, and says what there is', async () => {
    expect(
      (await here('run', '-d', '--name', 'small', '-v', `${small}:/small`, demoReference, 'sleep', '600')).code,
    ).to.equal(0);
    const source = join(cricket.dir, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'a'), 'fits');
    writeFileSync(join(source, 'b'), Buffer.alloc(3 << 20, 1));
    const { code, err } = await here('cp', join(source, 'b'), 'small:/small/b');
    expect([code, err]).to.satisfy(
      ([, text]: [number, string]) => code === 1 && /no space left.*; nothing was copied/i.test(text),
      err,
    );
    expect(readdirSync(small)).to.deep.equal([]);
    expect(readdirSync(join(cricket.root, 'ingest'))).to.deep.equal([]);
    const all = await here('cp', `${source}/.`, 'small:/small');
    expect(all.err).to.match(/no space left.*; (nothing was copied|of the archive only the first \d are there)/i);
    expect(readdirSync(small)).to.not.include('b');
  });

  it('of the node is refused before that is full, and copies what is small all the same', async () => {
    const ingest = join(cricket.root, 'ingest');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', ingest]);
    try {
      // A fiftieth of it is not for archives.
      writeFileSync(join(ingest, 'others'), Buffer.alloc(87 << 20));
      writeFileSync(join(cricket.dir, 'large'), Buffer.alloc(12 << 20, 1));
      const { code, err } = await here('cp', join(cricket.dir, 'large'), 'small:/tmp/large');
      expect([code, err]).to.satisfy(
        ([, text]: [number, string]) => code === 1 && /disk of .*ingest has \d MiB left; free space on it/.test(text),
        err,
      );
      expect(readdirSync(ingest)).to.deep.equal(['others']);
      writeFileSync(join(cricket.dir, 'little'), Buffer.alloc(1 << 20, 1));
      expect((await here('cp', join(cricket.dir, 'little'), 'small:/tmp/little')).code).to.equal(0);
    } finally {
      execFileSync('umount', [ingest]);
    }
  });
});
