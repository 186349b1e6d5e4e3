import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { planMend } from '../../../src/image/layers/mend.ts';
import { errorOf, unpack, unpackEntries, workDirectory } from './lab.ts';

const file = (path: string, data = path): TarEntry => ({ kind: 'file', path, data });
const dir = (path: string, mode = 0o755): TarEntry => ({ kind: 'dir', path, mode });
const symlink = (path: string, target: string): TarEntry => ({ kind: 'symlink', path, target });
const hardlink = (path: string, target: string): TarEntry => ({ kind: 'hardlink', path, target });

describe('a layer of a stranger', () => {
  let work = '';
  beforeEach(() => {
    work = workDirectory();
  });
  afterEach(() => rmSync(work, { recursive: true }));

  const outside = '/var/tmp/cricket-images-outside';
  beforeEach(() => {
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'untouched');
  });
  afterEach(() => {
    expect(readdirSync(outside), 'nothing was written outside').to.deep.equal(['victim']);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).to.equal('untouched');
    rmSync(outside, { recursive: true });
  });

  const long = 'x'.repeat(300);
  const deep = `${'d/'.repeat(2100)}f`;
  const refused: Record<string, readonly TarEntry[]> = {
    'a name that climbs out': [file('../../cricket-images-outside/victim')],
    'a name that climbs out in the middle': [file('a/../../cricket-images-outside/new')],
    'a whiteout that climbs out': [file('../.wh.victim', '')],
    'a whiteout of ..': [file('a/.wh...', '')],
    'a whiteout of .': [file('a/.wh..', '')],
    'a whiteout of nothing': [file('a/.wh.', '')],
    'a hard link to outside': [hardlink('stolen', `${outside}/victim`)],
    'a hard link that climbs out': [hardlink('stolen', '../cricket-images-outside/victim')],
    'a hard link through a link to outside': [symlink('l', outside), hardlink('stolen', 'l/victim')],
    'a hard link to the root': [hardlink('stolen', '.')],
    'a hard link to a directory': [dir('d'), hardlink('stolen', 'd')],
    'entries below a file': [file('a'), file('a/b')],
    'entries below a fifo': [{ kind: 'fifo', path: 'a' }, file('a/b')],
    'entries below a link to outside': [symlink('l', outside), file('l/new')],
    'entries below a dangling link': [symlink('l', 'nowhere'), file('l/new')],
    'entries below a loop': [symlink('a', 'b'), symlink('b', 'a'), file('a/new')],
    'entries below a link of /proc': [symlink('p', '/proc/self/root'), file(`p/${outside}/new`)],
    'a directory behind a link to outside, opaque': [symlink('l', outside), file('l/.wh..wh..opq', '')],
    'a root that is a file': [file('.')],
    'a root that is a link': [symlink('./', outside)],
    'a component that is too long': [file(long)],
    'a path that is too long': [file(deep)],
  };
  for (const [name, entries] of Object.entries(refused))
    it(`refuses ${name}`, async () => {
      // A link may be to a lower layer: that there is none such is seen when the layers are stacked.
      const error = await errorOf(unpackEntries(work, 'layer', entries).then((layer) => planMend([layer])));
      expect(error.message).to.not.equal('no error');
      expect(error.code).to.be.oneOf(['invalid_argument', 'internal']);
    });

  it('replaces a link to outside instead of writing through it', async () => {
    const { path } = await unpackEntries(work, 'layer', [
      symlink('victim', `${outside}/victim`), file('victim', 'mine'), symlink('d', outside), dir('d'), file('d/victim', 'mine'),
      symlink('chain', 'victim'), { kind: 'file', path: 'chain', data: 'x', mode: 0o777, uid: 5 },
    ]); // prettier-ignore
    expect(readFileSync(join(path, 'd/victim'), 'utf8')).to.equal('mine');
    expect(lstatSync(join(path, 'd')).isDirectory()).to.equal(true);
  });

  it('takes absolute names as names in the layer', async () => {
    const { path } = await unpackEntries(work, 'layer', [file(`${outside}/victim`, 'mine'), file('/etc/x')]);
    expect(readFileSync(join(path, outside, 'victim'), 'utf8')).to.equal('mine');
  });

  it('changes neither owner nor mode nor time of what a link points to', async () => {
    const before = lstatSync(join(outside, 'victim'));
    await unpackEntries(work, 'layer', [{ ...symlink('l', `${outside}/victim`), uid: 7, gid: 7, mode: 0o777 }]);
    const after = lstatSync(join(outside, 'victim'));
    expect([after.uid, after.mode, after.mtimeMs]).to.deep.equal([before.uid, before.mode, before.mtimeMs]);
  });

  it('leaves no descriptor open after a refusal', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await errorOf(unpackEntries(work, 'warm', [dir('a'), file('a/b'), file('../x')]));
    const before = open();
    for (const [index, entries] of Object.values(refused).entries())
      await errorOf(unpackEntries(work, `l${index}`, entries));
    // One or two may be open by chance, of Node itself or a Worker on its way; a leak would leave one a refusal.
    expect(open() - before).to.be.lessThan(Object.keys(refused).length / 2);
  });

  it('stops when it would have to remember too much', async () => {
    const component = 'x'.repeat(250);
    const target = Array.from({ length: 16 }, () => component).join('/');
    const links = Array.from({ length: 9_000 }, (_, index) => hardlink(`l${index}`, target));
    expect(await errorOf(unpackEntries(work, 'links', links))).to.include({ code: 'resource_exhausted' });
    const deep = Array.from({ length: 4_600 }, (_, index) => hardlink(`${target.slice(0, 3700)}/${index}/f`, 'f'));
    expect(await errorOf(unpackEntries(work, 'deep', deep))).to.include({ code: 'resource_exhausted' });
  });

  it('stops at the limits of entries and bytes', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => file(`f${index}`, ''));
    expect(await errorOf(unpackEntries(work, 'many', many))).to.include({ code: 'resource_exhausted' });
    const header = encodeTar([file('big', '')]).subarray(0, 512);
    const huge = Buffer.from(header);
    huge.write('77777777777', 124);
    huge.write('        ', 148);
    huge.write(
      `${huge
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    expect(await errorOf(unpack(work, 'huge', huge))).to.include({ code: 'resource_exhausted' });
  });
});
