import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { connectCri } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { startTimeOf } from '../../src/linux/pidfd.ts';
import { eventually } from '../fixtures/pods.ts';
import { countingCommand, expectComplete } from '../integration/recovery/neighbour.ts';
import { cgroups, links, mounts, networkNamespaces, nftTables, processes } from '../leftovers/kernel.ts';
import { runContainer } from './cri.ts';
import type { GuestContainer } from './cri.ts';
import { prepareForPackages } from './debian.ts';
import * as systemd from './systemd.ts';

/** Two versions of the package, the older one first: hack/test tells where they are. */
const [first = '', second = ''] = (process.env['CRICKET_TEST_PACKAGES'] ?? '').split(':');
const socket = '/run/cricket/cricket.sock';
const settings = '/etc/cricket/cricket.toml';
const mine = '/etc/cricket/conf.d/mine.toml';

let cri: CriClient;
let counter: GuestContainer;
let started: string | undefined;
/** What the package and its daemon had on disk while they were there. */
let owned: readonly string[];

function dpkg(...args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Its own output goes where the machine's does: it tells why it failed.
  execFileSync('dpkg', args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Both are builds of one checkout, which tell its version themselves. */
const installedVersion = () => systemd.run('dpkg-query', '--show', '--showformat=${Version}', 'cricket');

async function serving(before: number): Promise<void> {
  await eventually(() => {
    const pid = systemd.mainPid();
    if (pid === 0 || pid === before || !existsSync(socket)) throw new Error('not yet');
  }, 120_000);
  cri = connectCri(`unix://${socket}`);
  await cri.ready(60_000);
}

async function replaceBy(deb: string): Promise<void> {
  const before = systemd.mainPid();
  const program = readlinkSync(`/proc/${before}/exe`);
  cri.close();
  dpkg('--install', deb);
  await serving(before);
  expect(readlinkSync(`/proc/${systemd.mainPid()}/exe`)).not.to.equal(program);
  // Only the copy in use stays.
  expect(readdirSync('/usr/lib/cricket').filter((name) => /^\d/.test(name))).to.have.length(1);
}

async function expectUndisturbed(): Promise<void> {
  expect(startTimeOf(counter.pid)).to.equal(started);
  const before = expectComplete(counter);
  await eventually(() => expect(expectComplete(counter)).to.be.greaterThan(before), 20_000);
}

/** What hack/vm shares with the machine, and the disk that this test gives it. */
const ofTheMachine = ['/cricket-vm', '/var/lib/cricket'];

/** Of ours, in the kernel. */
const held = () => ({
  processes: processes().filter(({ command }) => /conmon|\/usr\/lib\/cricket\//.test(command)).length,
  mounts: mounts()
    .filter(({ point }) => /cricket/.test(point) && !ofTheMachine.includes(point))
    .map(({ point }) => point),
  links: links().filter((name) => /^(crk|ck)/.test(name)),
  namespaces: networkNamespaces(),
  tables: nftTables().filter((name) => name.includes('cricket')),
  cgroups: cgroups('cricket'),
});

const nothing = { processes: 0, mounts: [], links: [], namespaces: [], tables: [], cgroups: [] };

describe('the Debian package under systemd', function () {
  this.timeout(120_000);
  // Each builds upon what the one before it left.
  this.bail(true);

  it('is installed by dpkg, and serves at once and after the next boot', async () => {
    prepareForPackages();
    dpkg('--install', first);
    await serving(0);
    expect(systemd.run('systemctl', 'is-enabled', systemd.unit)).to.equal('enabled');
    expect(installedVersion()).to.equal('0.1.0');
    expect(systemd.run('cricket', 'check')).to.match(/pods can run here/);
    systemd.run('systemd-analyze', 'verify', '--man=yes', systemd.unit);
  });

  it('runs a pod', async () => {
    systemd.importDemo();
    counter = await runContainer(cri, { name: 'counter', command: countingCommand });
    started = startTimeOf(counter.pid);
    await expectUndisturbed();
  });

  it('is upgraded while pods run: no process of theirs ends, no line of their logs is lost, settings stay', async () => {
    const edited = readFileSync(settings, 'utf8').replace('#level = "info"', 'level = "debug"');
    writeFileSync(settings, edited);
    writeFileSync(mine, '[log]\nlevel = "info"\n');
    await replaceBy(second);
    expect(installedVersion()).to.equal('0.1.1');
    expect(readFileSync(settings, 'utf8')).to.equal(edited);
    await expectUndisturbed();
  });

  it('goes back to the version before in the same way', async () => {
    await replaceBy(first);
    expect(installedVersion()).to.equal('0.1.0');
    await expectUndisturbed();
  });

  it('ends its pods when it is removed, and keeps images and settings', async () => {
    owned = systemd.run('dpkg', '--listfiles', 'cricket').split('\n');
    expect(held().processes).to.be.greaterThan(0);
    cri.close();
    dpkg('--remove', 'cricket');
    expect(startTimeOf(counter.pid)).to.equal(undefined);
    expect(held()).to.deep.equal(nothing);
    expect(existsSync(settings)).to.equal(true);
    expect(readdirSync('/var/lib/cricket/images')).not.to.deep.equal([]);
  });

  it('leaves nothing but what the user made when it is purged', async () => {
    const kept = '/var/lib/cricket/volumes/mine/file';
    mkdirSync(dirname(kept), { recursive: true });
    writeFileSync(kept, '');
    dpkg('--purge', 'cricket');
    const shared = (path: string) => !/cricket/.test(path);
    const left = owned.filter((path) => !shared(path) && existsSync(path));
    expect(left).to.deep.equal(['/etc/cricket', '/etc/cricket/conf.d']);
    expect(existsSync(mine)).to.equal(true);
    expect(readdirSync('/var/lib/cricket')).to.deep.equal(['volumes']);
    expect(existsSync(kept), 'volumes are of the user').to.equal(true);
    for (const path of ['/run/cricket', '/var/cache/cricket', '/usr/lib/cricket', '/usr/bin/cricket'])
      expect(existsSync(path), path).to.equal(false);
    const units = systemd.run('find', '/etc/systemd', '/var/lib/systemd', '-name', '*cricket*');
    expect(units).to.equal('');
    expect(held()).to.deep.equal(nothing);
  });
});
