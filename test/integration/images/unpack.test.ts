import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeTar } from '../../../hack/lib/oci/tar.ts';
import type { TarEntry } from '../../../hack/lib/oci/tar.ts';
import { makeMend, planMend } from '../../../src/image/layers/mend.ts';
import { layerVariety } from '../../fixtures/images/rootfs.ts';
import { errorOf, listing, stacked, unpack, unpackEntries, workDirectory, xattrsOf } from './lab.ts';

const file = (path: string, data = path): TarEntry => ({ kind: 'file', path, data });
const dir = (path: string, mode = 0o755): TarEntry => ({ kind: 'dir', path, mode });
const hardlink = (path: string, target: string): TarEntry => ({ kind: 'hardlink', path, target });
const symlink = (path: string, target: string): TarEntry => ({ kind: 'symlink', path, target });

describe('unpacking a layer', () => {
  let work = '';
  beforeEach(() => {
    work = workDirectory();
  });
  afterEach(() => rmSync(work, { recursive: true }));

  it('gives what GNU tar gives, entry by entry', async () => {
    const tree = join(work, 'tree');
    mkdirSync(join(tree, 'a/b'), { recursive: true });
    const script = `
      umask 0; cd ${tree}; echo one > a/one; ln a/one a/b/two; ln -s ../one a/b/link; mkfifo a/fifo; mknod a/char c 1 3
      mknod a/block b 259 70000; echo x > a/setuid; chown 100000:3000000000 a/setuid; chmod 6755 a/setuid; mkdir -m 1777 tmp
      mkdir -m 2755 sgid; echo y > sgid/inside; : > empty; touch -d '1969-12-31 12:00:00.25 UTC' old; touch -h -d '2001-02-03 04:05:06.123456789' a/b/link
      d=$(printf 'd%.0s' $(seq 1 120)); mkdir -p $d/$d/$d; head -c 70000 /dev/urandom > $d/$d/$d/deep; ln -s $d/$d/$d/deep long; touch "$(printf 'raw\\377name')"
      chown -h 5:6 a/b/link; setcap cap_net_raw+ep a/one; touch -d '2020-01-01 UTC' a a/b tmp sgid .`;
    execFileSync('bash', ['-ec', script]);
    for (const format of ['pax', 'gnu']) {
      const archive = join(work, `${format}.tar`);
      const xattrs = format === 'pax' ? ['--xattrs', '--xattrs-include=*'] : [];
      execFileSync('tar', ['-C', tree, `--format=${format}`, ...xattrs, '-cf', archive, '.']);
      const theirs = join(work, `theirs-${format}`);
      mkdirSync(theirs);
      execFileSync('tar', ['-C', theirs, ...xattrs, '--same-owner', '-pxf', archive]);
      const ours = await unpack(work, `ours-${format}`, readFileSync(archive));
      expect(listing(ours.path)).to.deep.equal(listing(theirs));
      expect(ours.inodes).to.equal(
        Number(execFileSync('sh', ['-c', `find ${theirs} -mindepth 1 -printf '%i\\n' | sort -u | wc -l`])),
      );
      const attributes = xattrsOf(join(ours.path, 'a/one'));
      expect(attributes).to.deep.equal(xattrsOf(join(theirs, 'a/one')));
      if (format === 'pax') expect(attributes).to.have.property('security.capability');
      expect(statSync(join(ours.path, 'a')).mtimeMs).to.equal(Date.parse('2020-01-01T00:00:00Z'));
    }
  });

  it('stacks with the layers below as the layer format says', async () => {
    const [below, above] = layerVariety();
    const lower = await unpackEntries(work, 'lower', below);
    const upper = await unpackEntries(work, 'upper', above);
    stacked(work, [lower.path, upper.path], (merged) => {
      const names = (path: string) => readdirSync(join(merged, 'v', path));
      expect(names('.')).to.not.include('gone');
      expect(names('kept')).to.deep.equal(['stays']);
      expect(names('opaque')).to.deep.equal(['new']);
      expect(readlinkSync(join(merged, 'v/swap'))).to.equal('kept');
      expect(lstatSync(join(merged, 'v/setuid'))).to.include({ mode: 0o106755, uid: 1001, gid: 50 });
    });
  });

  it('hides what a whiteout names, whichever of whiteout and new entry comes first', async () => {
    const lower = await unpackEntries(work, 'lower', [
      dir('d'),
      file('d/old'),
      file('f', 'old'),
      dir('e'),
      file('e/old'),
    ]);
    const orders = [
      [
        file('.wh.d', ''),
        dir('d'),
        file('d/new'),
        file('.wh.f', ''),
        file('f', 'new'),
        file('.wh.e', ''),
        file('e/new'),
      ],
      [
        dir('d'),
        file('d/new'),
        file('.wh.d', ''),
        file('f', 'new'),
        file('.wh.f', ''),
        file('e/new'),
        file('.wh.e', ''),
      ],
    ];
    for (const [index, entries] of orders.entries()) {
      const upper = await unpackEntries(work, `upper${index}`, entries);
      stacked(work, [lower.path, upper.path], (merged) => {
        expect(readdirSync(join(merged, 'd')), `order ${index}`).to.deep.equal(['new']);
        expect(readdirSync(join(merged, 'e')), `order ${index}`).to.deep.equal(['new']);
        expect(readFileSync(join(merged, 'f'), 'utf8')).to.equal('new');
      });
    }
  });

  it('lets a later entry of one layer replace an earlier one of any kind', async () => {
    const { path } = await unpackEntries(work, 'layer', [
      file('a', 'first'), file('a', 'second'), dir('b'), file('b/x'), file('b', 'now a file'),
      file('c'), dir('c'), file('c/y'), symlink('d', 'c'), dir('d'), file('d/z'), dir('e', 0o700), file('e/kept'), dir('e', 0o711),
    ]); // prettier-ignore
    expect(readFileSync(join(path, 'a'), 'utf8')).to.equal('second');
    expect(readFileSync(join(path, 'b'), 'utf8')).to.equal('now a file');
    expect(readdirSync(join(path, 'c'))).to.deep.equal(['y']);
    expect(readdirSync(join(path, 'd'))).to.deep.equal(['z']);
    expect(readdirSync(join(path, 'e'))).to.deep.equal(['kept']);
    expect(lstatSync(join(path, 'e')).mode & 0o777).to.equal(0o711);
  });

  it('replaces entries deep in a layer as it does at its root', async () => {
    const deep = (path: string) => `p/q/${path}`;
    const { path } = await unpackEntries(work, 'layer', [
      dir('p'), dir('p/q'), file(deep('a'), 'first'), file(deep('a'), 'second'), file(deep('b')), dir(deep('b')), file(deep('b/x')),
      dir(deep('c')), file(deep('c/y')), symlink(deep('c'), 'b'), file(deep('c/z')), hardlink(deep('a'), deep('b/x')), file(deep('last')),
    ]); // prettier-ignore
    expect(readdirSync(join(path, 'p/q'))).to.have.members(['a', 'b', 'c', 'last']);
    expect(readdirSync(join(path, 'p/q/b'))).to.have.members(['x', 'z']);
    expect(readFileSync(join(path, 'p/q/a'), 'utf8')).to.equal('p/q/b/x');
  });

  it('follows its own links, but only inside', async () => {
    const { path } = await unpackEntries(work, 'layer', [
      dir('usr'), dir('usr/bin'), symlink('bin', 'usr/bin'), file('bin/sh'),
      symlink('up', '../../../../../../usr'), file('up/through-up'), symlink('root', '/'), file('root/at-root'),
    ]); // prettier-ignore
    expect(existsSync(join(path, 'usr/bin/sh'))).to.equal(true);
    expect(existsSync(join(path, 'usr/through-up'))).to.equal(true);
    expect(existsSync(join(path, 'at-root'))).to.equal(true);
    expect(existsSync('/at-root')).to.equal(false);
  });

  it('shows directories that only lower layers describe as those describe them', async () => {
    const layers = [
      await unpackEntries(work, 'l0', [
        dir('tmp', 0o1777),
        { ...dir('home', 0o711), uid: 5 },
        dir('home/x', 0o700),
        dir('etc'),
      ]),
      await unpackEntries(work, 'l1', [file('tmp/a'), file('home/x/y/z'), file('etc/a'), file('new/a')]),
      await unpackEntries(work, 'l2', [file('tmp/b'), { ...dir('opt', 0o700), gid: 9 }, file('home/x/y/w')]),
      await unpackEntries(work, 'l3', [file('opt/b'), file('.wh.tmp', ''), file('tmp/c')]),
    ];
    expect(layers[1]?.implicit).to.have.members(['tmp', 'home', 'home/x', 'home/x/y', 'etc', 'new']);
    const plan = planMend(layers.slice(0, 3));
    expect(plan.directories.map(({ path, mode, uid }) => [path, mode, uid])).to.deep.equal([
      ['home', 0o711, 5],
      ['home/x', 0o700, 0],
      ['tmp', 0o1777, 0],
    ]);
    const mend = join(work, 'mend');
    mkdirSync(mend);
    expect(makeMend({ target: mend, layers: layers.map(({ path }) => path), ...plan }).inodes).to.equal(3);
    stacked(work, [...layers.slice(0, 3).map(({ path }) => path), mend], (merged) => {
      expect(readdirSync(join(merged, 'tmp'))).to.have.members(['a', 'b']);
      expect(lstatSync(join(merged, 'tmp')).mode & 0o7777).to.equal(0o1777);
      expect(lstatSync(join(merged, 'tmp')).mtimeMs).to.equal(1_700_000_000_000);
      expect(readdirSync(join(merged, 'home/x/y'))).to.have.members(['w', 'z']);
    });
    expect(planMend(layers).directories.map(({ path }) => path)).to.deep.equal(['home', 'home/x', 'opt']);
    expect(planMend(layers.slice(0, 1))).to.deep.equal({ directories: [], files: [] });
  });

  it('takes no attribute that speaks to overlayfs or to the host', async () => {
    const xattrs = Object.fromEntries(
      [
        'trusted.overlay.opaque',
        'trusted.overlay.redirect',
        'trusted.x',
        'user.overlay.opaque',
        'security.selinux',
        'user.ok',
      ].map((name) => [name, Buffer.from('y')]),
    );
    const { path } = await unpackEntries(work, 'layer', [
      { kind: 'dir', path: 'd', xattrs },
      { ...file('f'), xattrs },
    ]);
    for (const name of ['d', 'f']) {
      expect(xattrsOf(join(path, name))).to.deep.equal({ 'user.ok': '79' });
    }
  });

  it('accepts an archive that ends without its final zeros, but not one that is cut off', async () => {
    const tar = encodeTar([file('a', 'x'.repeat(600)), file('b')]);
    await unpack(work, 'whole', tar.subarray(0, tar.length - 1024));
    for (const length of [1, 300, 512, 700, 1535, 2047]) {
      const error = await errorOf(unpack(work, `cut${length}`, tar.subarray(0, length)));
      expect(error, String(length)).to.include({ code: 'invalid_argument' });
    }
  });
});
