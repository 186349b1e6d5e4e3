import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDiskPool } from '../../../src/linux/disk.ts';

describe('the root file system of a hostile image', () => {
  let work = '';
  beforeEach(() => {
    work = mkdtempSync('/var/tmp/cricket-rootfs-');
    for (const name of ['image', 'host']) mkdirSync(join(work, name));
    writeFileSync(join(work, 'host/victim'), 'untouched');
  });
  afterEach(() => rmSync(work, { recursive: true }));

  it('has real directories at /dev, /proc and /sys, whatever the image has there', async () => {
    symlinkSync(join(work, 'host'), join(work, 'image/proc'));
    symlinkSync('nowhere', join(work, 'image/sys'));
    writeFileSync(join(work, 'image/dev'), 'a file');
    const disk = openDiskPool({ name: 'disk', size: 1, onStuck: () => undefined });
    const signal = AbortSignal.timeout(20_000);
    const [upper, scratch, target] = ['upper', 'work', 'rootfs'].map((name) => join(work, name)) as [
      string,
      string,
      string,
    ];
    await disk.call('mountLayers', { lower: [join(work, 'image')], write: { upper, work: scratch }, target }, signal);
    try {
      for (const name of ['dev', 'proc', 'sys']) {
        expect(lstatSync(join(target, name)).isDirectory(), name).to.equal(true);
        expect(readdirSync(join(target, name)), name).to.deep.equal([]);
      }
      expect(lstatSync(join(work, 'image/proc')).isSymbolicLink(), 'the layer is shared').to.equal(true);
      expect(readdirSync(join(work, 'host'))).to.deep.equal(['victim']);
    } finally {
      await disk.call('unmountAndRemove', target, signal);
      await disk[Symbol.asyncDispose]();
    }
  });
});
