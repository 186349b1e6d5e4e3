import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmount } from '../../../src/linux/mount.ts';
import { mountClassic, mountOverlay } from '../../../src/linux/overlay.ts';

/** On kernels before 6.8 both are the classic one. */
const ways = { 'as this kernel likes it': mountOverlay, 'by mount(2)': mountClassic };

describe('an overlay', () => {
  let dir: string;
  const target = () => join(dir, 'rootfs');
  beforeEach(() => {
    // Near what real store paths have.
    dir = mkdtempSync(join(tmpdir(), `cricket-overlay-${'x'.repeat(60)}-`));
    for (const name of ['upper', 'work', 'rootfs']) mkdirSync(join(dir, name));
  });
  afterEach(() => {
    unmount(target());
    rmSync(dir, { recursive: true });
  });

  const layer = (name: string, files: Readonly<Record<string, string>>): string => {
    const path = join(dir, name);
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };
  const overlay = (lower: readonly string[]) => ({
    lower,
    write: { upper: join(dir, 'upper'), work: join(dir, 'work') },
    target: target(),
  });

  for (const [way, mountIt] of Object.entries(ways)) {
    it(`shows the top layer first and keeps what is written, ${way}`, () => {
      mountIt(overlay([layer('top', { a: 'top' }), layer('base', { a: 'base', b: 'base' })]));
      expect(readFileSync(join(target(), 'a'), 'utf8')).to.equal('top');
      expect(readFileSync(join(target(), 'b'), 'utf8')).to.equal('base');
      writeFileSync(join(target(), 'b'), 'mine');
      expect(readFileSync(join(dir, 'upper/b'), 'utf8')).to.equal('mine');
      expect(readFileSync(join(dir, 'base/b'), 'utf8')).to.equal('base');
    });

    it(`is volatile, ${way}`, () => {
      mountIt(overlay([layer('base', {})]));
      // The kernel's own mark: an overlay that was made so must not be taken for a sound one after a power cut.
      expect(existsSync(join(dir, 'work/work/incompat/volatile'))).to.equal(true);
    });

    it(`takes 128 layers, ${way}`, () => {
      const layers = Array.from({ length: 128 }, (_, at) => layer(`l${at}`, { [`f${at}`]: '' }));
      mountIt(overlay(layers));
      expect(readdirSync(target())).to.have.length(128);
    });

    it(`takes paths with the marks of its options in them, ${way}`, () => {
      mountIt(overlay([layer('a:b', { a: '' }), layer('c,d', { c: '' }), layer('e\\f', { e: '' })]));
      expect(readdirSync(target())).to.have.members(['a', 'c', 'e']);
    });

    it(`is read-only without a place for changes, ${way}`, () => {
      mountIt({ lower: [layer('top', { a: 'top' }), layer('base', { a: 'base', b: '' })], target: target() });
      expect(readFileSync(join(target(), 'a'), 'utf8')).to.equal('top');
      expect(() => writeFileSync(join(target(), 'b'), 'mine')).to.throw(/EROFS/);
    });

    it(`names the directory that is missing, ${way}`, () => {
      expect(() => mountIt(overlay([join(dir, 'absent')]))).to.throw(/ENOENT/);
    });
  }
});
