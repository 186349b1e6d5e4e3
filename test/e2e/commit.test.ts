import { expect } from 'chai';
import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setXattr } from '../../src/linux/fs-xattr.ts';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually } from '../fixtures/pods.ts';
import { program } from './hands-on.ts';

const idle = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

/** What a container may do to the files of its image; a layer must have all of it. */
const doing = `
mkdir -p /etc/app /srv/deep && echo one > /srv/deep/one && ln /srv/deep/one /srv/deep/two && ln -s ../deep/one /srv/link
chmod 4755 /srv/deep/one && chown 1000:1001 /srv/deep && chmod 2750 /srv/deep && mkfifo -m 600 /srv/pipe
echo changed > /etc/passwd && rm -rf /etc/group
rm -rf /var && mkdir /var && echo anew > /var/only
mkdir -p "/srv/$(printf 'x%.0s' $(seq 120))" && echo ü > "/srv/$(printf 'x%.0s' $(seq 120))/späße"
dd if=/dev/zero of=/srv/large bs=1M count=3 2>/dev/null; echo of the end >> /srv/large; touch -d @86400 /srv/deep/one
`;

/** All of it as a container sees it. */
const look =
  'cd /; ls -lanR /srv | grep -v "^total\\| \\.\\.$"; cat /srv/link /etc/passwd /var/only; ls -A /var /etc/group /etc/hosts 2>&1; sha256sum /srv/large; stat -c "%i %Y %h" /srv/deep/one /srv/deep/two | uniq -c | sed "s/^ *//; s/ [0-9]* / /"; cat /srv/*/späße';

describe('cricket commit', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => {
    await here('rm', '-f', 'one', 'busy');
    await cricket.stop();
  });
  const { cli, here } = program(() => cricket);

  interface Committed {
    readonly id: string;
    readonly diffId: string;
    readonly name: string;
  }
  const commit = async (...args: readonly string[]) =>
    JSON.parse((await here('commit', '--format', 'json', ...args)).out) as Committed;
  const layers = () => readdirSync(join(cricket.root, 'layers'));
  const upperOf = (id: string) => join(cricket.root, 'containers', id, 'upper');
  const idOf = async (name: string) => (JSON.parse((await here('inspect', name)).out) as [{ id: string }])[0].id;

  it('keeps whiteouts, opaque directories, links, owners, modes, times, attributes, names', async () => {
    const script = `${doing}\necho done; ${idle}`;
    expect((await here('run', '-d', '--name', 'one', demoReference, 'sh', '-c', script)).code).to.equal(0);
    await eventually(async () => expect((await cli('logs', 'one')).out).to.equal('done\n'));
    const id = await idOf('one');
    const fd = openSync(join(upperOf(id), 'srv/large'), 'r');
    expect(
      setXattr(fd, 'security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')),
    ).to.equal(true);
    closeSync(fd);
    const before = (await cli('exec', 'one', 'sh', '-c', look)).out;
    expect(before)
      .to.match(/anew\n[^]*only\n/)
      .and.contain('ü\n');

    const changes = [
      '-c',
      'CMD ["sh", "-c", "echo $MADE by $0"]',
      '-c',
      'ENV MADE="by commit"',
      '-c',
      'WORKDIR /srv',
      '-c',
      'LABEL a=b',
    ];
    const made = await commit(...changes, '-a', 'somebody', '-m', 'for a test', 'one', 'test/made:1');
    expect(made.name).to.equal('docker.io/test/made:1');
    expect((await cli('run', '--rm', 'test/made:1')).out).to.equal('by commit by sh\n');
    expect((await cli('run', '--rm', 'test/made:1', 'sh', '-c', look)).out).to.equal(before);
    const upper = (await commit('one', 'test/made:2')).diffId;
    expect(upper, 'the same content').to.equal(made.diffId);

    // Its changes are a layer's now: nothing is left to tell.
    expect((await here('run', '-d', '--name', 'busy', 'test/made:1', 'sh', '-c', idle)).code).to.equal(0);
    expect((await here('diff', 'busy')).out).to.equal('');
    await commit('busy', 'test/again:1');
    expect((await cli('run', '--rm', 'test/again:1', 'sh', '-c', look)).out, 'on top of one of ours').to.equal(before);
  });

  it('holds it still only while it reads, and one that was paused stays so', async () => {
    const frozen = async () => (JSON.parse((await here('inspect', 'busy')).out) as [{ paused: boolean }])[0].paused;
    await Promise.all([commit('busy', 'test/twice:1'), commit('busy', 'test/twice:2'), commit('--no-pause', 'busy')]);
    expect(await frozen()).to.equal(false);
    expect((await here('pause', 'busy')).code).to.equal(0);
    await commit('busy', 'test/paused:1');
    expect(await frozen()).to.equal(true);
    // A daemon that was killed in the midst of a commit left this mark.
    writeFileSync(join(cricket.state, 'containers', await idOf('busy'), 'held-still'), '');
    await cricket.restart();
    await eventually(async () => expect(await frozen()).to.equal(false));
    expect((await here('stop', 'busy')).code).to.equal(0);
    expect((await commit('busy', 'test/ended:1')).name, 'one that has ended').to.equal('docker.io/test/ended:1');
  });

  it('refuses what cannot be, and leaves nothing of it', async () => {
    const before = layers();
    const images = (await here('ps', '-a', '--format', 'json')).out;
    for (const [said, ...args] of [
      [/change "RUN x": give CMD/, '-c', 'RUN x', 'one', 'test/bad:1'],
      [/image name/, 'one', `test/bad@sha256:${'0'.repeat(64)}`],
      [/no container has the name or id "nobody"/, 'nobody', 'test/bad:1'],
    ] as const) {
      const { code, err } = await here('commit', ...args);
      expect([code, said.test(err)], err).to.deep.equal([1, true]);
    }
    writeFileSync(join(upperOf(await idOf('one')), 'srv/.wh.trap'), '');
    expect((await here('commit', 'one', 'test/bad:1')).err).to.match(/"\/srv\/.wh.trap" cannot be in an image/);
    expect(layers()).to.deep.equal(before);
    expect(readdirSync(join(cricket.root, 'ingest'))).to.deep.equal([]);
    expect((await here('ps', '-a', '--format', 'json')).out).to.equal(images);
    expect((await here('ps')).out).to.match(/ up .* one\n/);
  });
});
