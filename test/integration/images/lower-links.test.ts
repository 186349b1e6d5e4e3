import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { makeMend, planMend } from '../../../src/image/layers/mend.ts';
import { stacked, unpackEntries, workDirectory, xattrsOf } from './lab.ts';

const file = (path: string, data = path): TarEntry => ({ kind: 'file', path, data });
const link = (path: string, target: string): TarEntry => ({ kind: 'hardlink', path, target });
const dir = (path: string, mode = 0o755): TarEntry => ({ kind: 'dir', path, mode });

describe('hard links to files of lower layers', () => {
  let work = '';
  beforeEach(() => {
    work = workDirectory();
  });
  afterEach(() => rmSync(work, { recursive: true }));

  /** Unpacks the layers, bottom first, mends them, and looks at the stack. */
  async function see(layers: readonly (readonly TarEntry[])[], look: (merged: string) => void): Promise<void> {
    const unpacked = [];
    for (const [index, entries] of layers.entries()) unpacked.push(await unpackEntries(work, `l${index}`, entries));
    const plan = planMend(unpacked);
    const target = join(work, 'mend');
    mkdirSync(target);
    const paths = unpacked.map(({ path }) => path);
    makeMend({ target, layers: paths, ...plan });
    stacked(work, [...paths, target], look);
  }

  it('are one file with all that belongs to it, as if the layers had been unpacked on each other', async () => {
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    const tool: TarEntry = {
      kind: 'file',
      path: 'usr/bin/tool',
      data: 'tool',
      mode: 0o4755,
      uid: 7,
      gid: 8,
      xattrs: { 'security.capability': capability },
    };
    await see(
      [
        [dir('usr'), dir('usr/bin', 0o750), tool],
        [link('usr/bin/alias', 'usr/bin/tool'), link('opt/deep/alias', 'usr/bin/tool')],
      ],
      (merged) => {
        const names = ['usr/bin/tool', 'usr/bin/alias', 'opt/deep/alias'].map((name) => join(merged, name));
        const stats = names.map((name) => lstatSync(name));
        expect(new Set(stats.map(({ ino }) => ino)).size).to.equal(1);
        for (const stat of stats)
          expect(stat).to.include({ nlink: 3, mode: 0o104755, uid: 7, gid: 8, mtimeMs: 1_700_000_000_000 });
        for (const name of names) expect(xattrsOf(name)['security.capability']).to.equal(capability.toString('hex'));
        expect(lstatSync(join(merged, 'usr/bin')).mode & 0o777).to.equal(0o750);
        expect(readFileSync(join(merged, 'opt/deep/alias'), 'utf8')).to.equal('tool');
      },
    );
  });

  it('keep what they linked to when the name below is changed or removed later', async () => {
    await see(
      [
        [file('a', 'old'), file('b', 'gone')],
        [link('x', 'a'), link('y', 'b')],
        [file('a', 'new'), file('.wh.b', '')],
      ],
      (merged) => {
        expect(readFileSync(join(merged, 'a'), 'utf8')).to.equal('new');
        expect(readFileSync(join(merged, 'x'), 'utf8')).to.equal('old');
        expect(readFileSync(join(merged, 'y'), 'utf8')).to.equal('gone');
        expect(existsSync(join(merged, 'b'))).to.equal(false);
        expect(lstatSync(join(merged, 'x')).nlink).to.equal(1);
      },
    );
  });

  it('go as other files do: whiteouts, opaque directories and new entries hide them', async () => {
    await see(
      [
        [file('f')],
        [link('one', 'f'), link('d/two', 'f'), link('three', 'f'), link('four', 'f')],
        [file('.wh.one', ''), dir('d'), file('d/.wh..wh..opq', ''), file('three', 'mine')],
      ],
      (merged) => {
        expect(existsSync(join(merged, 'one'))).to.equal(false);
        expect(existsSync(join(merged, 'd/two'))).to.equal(false);
        expect(readFileSync(join(merged, 'three'), 'utf8')).to.equal('mine');
        expect(readFileSync(join(merged, 'four'), 'utf8')).to.equal('f');
        expect(lstatSync(join(merged, 'f')).nlink).to.equal(2);
      },
    );
  });

  it('may be made to links of links, over several layers, in place of something else, and to symbolic links', async () => {
    await see(
      [
        [file('f'), file('place', 'before'), { kind: 'symlink', path: 's', target: 'f' }],
        [link('one', 'f')],
        [link('place', 'one'), link('t', 's')],
      ],
      (merged) => {
        expect(new Set(['f', 'one', 'place'].map((name) => lstatSync(join(merged, name)).ino)).size).to.equal(1);
        expect(readlinkSync(join(merged, 't'))).to.equal('f');
      },
    );
  });

  it('cost nothing where there are none, and are refused to what no layer has', async () => {
    const lower = await unpackEntries(work, 'lower', [file('f'), dir('d'), file('hidden')]);
    for (const [index, target] of ['absent', 'd', 'd/../../etc/passwd', 'hidden'].entries()) {
      const about = `${index}: ${target}`;
      const layers = [lower, await unpackEntries(work, `hide${index}`, [file('.wh.hidden', '')])];
      const attempt = async () =>
        planMend([...layers, await unpackEntries(work, `upper${index}`, [link('x', target)])]);
      let code: unknown;
      await attempt().catch((error: unknown) => (code = (error as { code: unknown }).code));
      expect(code, about).to.equal('invalid_argument');
    }
    expect(planMend([lower])).to.deep.equal({ directories: [], files: [] });
  });
});
