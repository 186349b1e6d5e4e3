import { expect } from 'chai';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { cli as direct, program } from './hands-on.ts';

describe('volumes with names', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());
  const { cli, here } = program(() => cricket);
  const volumes = async (...args: readonly string[]) => direct(cricket, 'volumes', ...args);
  const shell = async (volume: string, script: string) =>
    cli('run', '--rm', '-v', volume, demoReference, 'sh', '-c', script);
  const listed = async () =>
    JSON.parse((await volumes('ls', '--format', 'json')).out) as readonly {
      readonly name: string;
      readonly path: string;
      readonly users: readonly string[];
    }[];
  const names = async () => (await listed()).map(({ name }) => name);

  it('begin with what the image has there, and outlive containers and the daemon', async () => {
    expect((await volumes('ls', '--format', 'json')).out).to.equal('[]\n');
    expect(await shell('etc:/etc', 'cat /etc/passwd && echo mine > /etc/mine')).to.include({ code: 0, err: '' });
    await cricket.restart();
    expect((await shell('etc:/mnt:ro', 'cat /mnt/mine; grep -c root /mnt/passwd; touch /mnt/x')).out).to.equal(
      'mine\n1\n',
    );
    const [volume] = await listed();
    expect(volume).to.deep.include({ name: 'etc', path: join(cricket.root, 'volumes/etc'), users: [] });
    expect(statSync(join(cricket.root, 'volumes')).mode & 0o777, 'only root passes').to.equal(0o700);
    await shell('data:/srv/none', 'echo 1 > /srv/none/it');
    expect((await shell('data:/srv/none', 'cat /srv/none/it; stat -c %a:%u /srv/none')).out).to.equal('1\n755:0\n');
  });

  it('are made once when two containers come at the same time', async () => {
    const all = await Promise.all(
      Array.from({ length: 4 }, (_, i) => shell('shared:/bin', `ls /bin | wc -l; echo ${i} > /bin/by-${i}`)),
    );
    expect(all.map(({ code }) => code)).to.deep.equal([0, 0, 0, 0]);
    const made = readdirSync(join(cricket.root, 'volumes/shared')).filter((name) => name.startsWith('by-'));
    expect(made.sort()).to.deep.equal(['by-0', 'by-1', 'by-2', 'by-3']);
  });

  it('are not removed while a container mounts them, and say who does', async () => {
    expect((await here('run', '-d', '--name', 'user', '-v', 'data:/d', demoReference, 'sleep', '600')).code).to.equal(
      0,
    );
    expect((await volumes('ls')).out).to.match(/^data +user +\//m);
    expect(await volumes('rm', 'data', 'shared', 'nobody')).to.deep.equal({
      code: 1,
      out: 'shared\n',
      err: 'cricket: volume data is that of user; remove what uses it first\ncricket: there is no volume "nobody"; cricket volumes ls tells which\n',
    });
    expect((await here('stop', '-t', '0', 'user')).code).to.equal(0);
    expect((await volumes('rm', 'data')).code, 'it may be looked at still').to.equal(1);
    expect((await volumes('rm', '../images')).err).to.match(/there is no volume "..\/images"/);
  });

  it('go by prune only where it is said, and those of containers that ended stay then', async () => {
    expect(JSON.parse((await here('prune', '--dry-run', '--format', 'json')).out)).to.deep.include({
      removed: [{ kind: 'container', id: await idOf('user'), name: 'user' }],
    });
    await delay(10);
    const { out } = await here('prune', '--volumes', '--force');
    expect(out).to.match(/^removed volume etc \/.*\nremoved container \S+ user\n$/);
    expect(await names()).to.deep.equal(['data']);
    expect((await here('prune', 'volumes', '--force', '--older-than', '1h')).out).to.equal('nothing to remove\n');
    expect((await here('prune', 'volumes', '--label', 'a', '--force')).err).to.match(/--label is of containers/);
    expect((await here('prune', 'volumes', '--force')).out).to.match(/^removed volume data /);
    expect(readdirSync(join(cricket.root, 'volumes'))).to.deep.equal([]);
  });

  it('have names that are no paths', async () => {
    for (const [volume, said] of [
      ['a..b/c:/d', /volume "a..b\/c": letters/],
      ['.hidden', /give \/path/],
      [':/d', /give \/path/],
      [`${'x'.repeat(200)}:/d`, /letters, digits/],
    ] as const) {
      const { code, err } = await here('run', '--rm', '-v', volume, demoReference, 'true');
      expect([code, said.test(err)], err).to.deep.equal([125, true]);
    }
    expect(await names()).to.deep.equal([]);
  });

  const idOf = async (name: string) =>
    (JSON.parse((await here('inspect', name)).out) as [{ readonly id: string }])[0].id;
});
