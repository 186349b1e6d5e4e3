import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listXattrs, readXattr, setXattr } from '../../src/linux/fs-xattr.ts';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually } from '../fixtures/pods.ts';
import { cli as direct, program } from './hands-on.ts';

const idle = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
/** Version 2; user::rwx, user:1000:r--, group::r-x, mask::r-x, other::r-x (linux/posix_acl_xattr.h). */
const acl = Buffer.from(
  [
    '02000000',
    ...['01000700ffffffff', '02000400e8030000', '04000500ffffffff', '10000500ffffffff', '20000500ffffffff'],
  ].join(''),
  'hex',
);

describe('cricket commit', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());
  const { cli, here } = program(() => cricket);

  const begin = async (name: string, image = demoReference, script = '') => {
    const made = await here(
      'run',
      '-d',
      '--name',
      name,
      image,
      'sh',
      '-c',
      `mkdir -p /srv; ${script}\necho ready; ${idle}`,
    );
    expect([made.code, made.err]).to.deep.equal([0, '']);
    await eventually(async () => expect((await cli('logs', name)).out).to.contain('ready\n'));
    const processes = JSON.parse((await here('ps', name, '--format', 'json')).out) as readonly {
      readonly pid: number;
    }[];
    return { id: made.out.trim(), root: `/proc/${processes[0]?.pid ?? 0}/root` };
  };
  const upperOf = (id: string) => join(cricket.root, 'containers', id, 'upper');
  const kept = () => ['layers', 'images', 'ingest'].flatMap((name) => readdirSync(join(cricket.root, name))).sort();
  const paused = async (name: string) =>
    (JSON.parse((await here('inspect', name)).out) as [{ readonly paused: boolean }])[0].paused;

  it('keeps attributes of files and directories: those of users, access lists; none of the overlay', async () => {
    const script = 'mkdir /srv/d; echo x > /srv/d/f; rm -rf /var && mkdir /var && echo y > /var/new';
    const one = await begin('one', demoReference, script);
    for (const [path, name, value] of [
      ['srv/d', 'user.of-a-directory', Buffer.from([0, 1, 255])],
      ['srv/d/f', 'user.note', Buffer.from('größe = 3\n')],
      ['srv/d/f', 'system.posix_acl_access', acl],
    ] as const) {
      const fd = openSync(join(upperOf(one.id), path), 'r');
      expect(setXattr(fd, name, value), name).to.equal(true);
      closeSync(fd);
    }
    expect((await here('commit', 'one', 'test/attributes:1')).err).to.equal('');
    const two = await begin('two', 'test/attributes:1');
    const attribute = (path: string, name: string) => readXattr(Buffer.from(join(two.root, path)), name);
    expect(attribute('srv/d', 'user.of-a-directory')).to.deep.equal(Buffer.from([0, 1, 255]));
    expect(attribute('srv/d/f', 'user.note')?.toString()).to.equal('größe = 3\n');
    expect(attribute('srv/d/f', 'system.posix_acl_access')).to.deep.equal(acl);
    const ofOverlay = listXattrs(Buffer.from(join(two.root, 'var'))).filter((name) => name.includes('overlay'));
    expect(ofOverlay, 'an opaque directory is one by its whiteout').to.deep.equal([]);
    expect(readdirSync(join(two.root, 'var')))
      .to.include('new')
      .and.not.to.include('passwd');
    expect((await here('rm', '-f', 'one', 'two')).code).to.equal(0);
  });

  it('onto a full disk says so, leaves nothing, and the container goes on', async () => {
    const ingest = join(cricket.root, 'ingest');
    await begin('full', demoReference, 'dd if=/dev/zero of=/srv/large bs=1M count=48 2>/dev/null');
    const before = kept();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', ingest]);
    try {
      const { code, err } = await here('commit', 'full', 'test/full:1');
      expect([code, err]).to.satisfy(
        ([, text]: [number, string]) =>
          code === 1 && /^cricket: commit: .*(no space left|free space on it)/i.test(text),
        err,
      );
      expect(readdirSync(ingest)).to.deep.equal([]);
    } finally {
      execFileSync('umount', [ingest]);
    }
    expect(kept()).to.deep.equal(before);
    expect(await paused('full')).to.equal(false);
    expect((await here('commit', 'full', 'test/full:1')).code, 'once there is room').to.equal(0);
    expect((await here('rm', '-f', 'full')).code).to.equal(0);
  });

  it('of many at once, to one name, and of one that is written to and removed meanwhile', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) await begin(name, demoReference, `echo ${name} > /srv/who`);
    const all = await Promise.all(
      names.flatMap((name) => [here('commit', name, 'test/same:1'), here('commit', name, `test/${name}:1`)]),
    );
    expect(all.map(({ code, err }) => [code, err])).to.deep.equal(all.map(() => [0, '']));
    for (const name of names)
      expect((await cli('run', '--rm', `test/${name}:1`, 'cat', '/srv/who')).out).to.equal(`${name}\n`);
    expect((await cli('run', '--rm', 'test/same:1', 'cat', '/srv/who')).out).to.match(/^[abc]\n$/);

    const writes = 'i=0; while :; do i=$((i+1)); echo $i > /srv/f$((i % 50)); rm -f /srv/f$(((i + 25) % 50)); done &';
    await begin('busy', demoReference, writes);
    for (const round of [1, 2, 3])
      expect((await here('commit', '--no-pause', 'busy', `test/busy:${round}`)).err, `round ${round}`).to.equal('');
    const [commit, removal] = await Promise.all([here('commit', 'busy', 'test/late:1'), here('rm', '-f', 'busy')]);
    expect(removal.code).to.equal(0);
    if (commit.code !== 0) expect(commit.err).to.match(/removed meanwhile|is removing|ended|no container/);
    expect((await direct(cricket, 'images', 'rm', 'test/late:1')).code, 'there if it said so').to.equal(commit.code);
    expect(readdirSync(join(cricket.root, 'ingest'))).to.deep.equal([]);
    expect((await here('rm', '-f', ...names)).code).to.equal(0);
  });
});
