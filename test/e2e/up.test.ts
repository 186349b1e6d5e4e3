import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connectCri } from '../../hack/lib/cri-client.ts';
import type { CriClient } from '../../hack/lib/cri-client.ts';
import { leftSince } from '../leftovers/snapshot.ts';
import { run, succeed } from './commands.ts';

const socket = '/run/cricket/cricket.sock';
const systemd = existsSync('/run/systemd/system');

/** On this very machine; where the service is installed already, it is not disturbed. */
describe('hack/up and hack/down', function () {
  this.timeout(300_000);
  const forwarding = () => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
  const forwardingBefore = forwarding();
  let cri: CriClient;
  let ran = false;

  before(function () {
    if (existsSync('/usr/lib/cricket') || existsSync(socket)) this.skip(); // a service that somebody uses is left alone
    ran = true;
    cri = connectCri(`unix://${socket}`);
  });
  after(async () => {
    if (!ran) return;
    cri.close();
    await run('hack/down', []);
  });

  it('ends with a pod that runs, and tells its state, log, memory and CPU', async () => {
    const { out } = await succeed('hack/up');
    expect(out).to.match(/pod +default\/demo +Ready +10\.\d+\.\d+\.\d+/);
    expect(out).to.match(/container +demo +Running/);
    expect(out).to.match(/cpu +\d+\.\d % of a core/);
    expect(out).to.match(/memory +\d+\.\d MiB working set/);
    expect(out).to.match(/demo: tick \d+ at/);
  });

  it('keeps the pod and the daemon when run again', async () => {
    const [pid, pods] = [daemonPid(), await podIds()];
    await succeed('hack/up');
    expect(daemonPid()).to.equal(pid);
    expect(await podIds()).to.deep.equal(pods);
  });

  it('revives a service that was killed, and its pod never noticed', async function () {
    if (systemd) this.skip(); // systemd itself revives it: test/vm holds that
    const [pid, pods] = [daemonPid(), await podIds()];
    process.kill(pid, 'SIGKILL');
    const { out } = await succeed('hack/up');
    expect(daemonPid()).not.to.equal(pid);
    expect(await podIds()).to.deep.equal(pods);
    expect(out).to.match(/container +demo +Running/);
  });

  it('works after an interrupt at any time', async () => {
    await succeed('hack/down');
    for (const ms of [300, 2500, 6000]) await run('hack/up', [], AbortSignal.timeout(ms));
    const { out } = await succeed('hack/up');
    expect(out).to.match(/container +demo +Running/);
    expect(await podIds()).to.have.length(1);
  });

  it('keeps images at hack/down where told so', async () => {
    const images = () =>
      ['images', 'content', 'layers'].map((name) => readdirSync(join('/var/lib/cricket', name)).sort());
    const before = images();
    await succeed('hack/down', ['--keep-images']);
    expect(images()).to.deep.equal(before);
    expect((await succeed('hack/up')).out).to.match(/container +demo +Running/);
    expect(images()).to.deep.equal(before);
  });

  it('leaves nothing but volumes behind after hack/down, and says what it removed', async () => {
    const instance = readFileSync('/var/lib/cricket/instance', 'utf8').trim();
    const kept = '/var/lib/cricket/volumes';
    mkdirSync(join(kept, 'mine'), { recursive: true });
    const { out } = await succeed('hack/down');
    expect(readdirSync('/var/lib/cricket')).to.deep.equal(['volumes']);
    expect(readdirSync(kept)).to.deep.equal(['mine']);
    rmSync('/var/lib/cricket', { recursive: true });
    expect(out)
      .to.match(/removed 1 pod\n/)
      .and.to.match(/removed service/);
    const only = new RegExp(`${instance}|^(file|mount|cgroup) (/(run|usr/lib|var/(lib|log|cache)))?/cricket(/|.log|$)`);
    expect(await leftSince(new Set(), { service: true, only }, 3000)).to.deep.equal([]);
    expect(forwarding()).to.equal(forwardingBefore);
    expect(statSync('/usr/local/bin/cricket', { throwIfNoEntry: false })).to.equal(undefined);
    expect((await succeed('hack/down')).out).to.equal('');
  });

  const daemonPid = () => Number(readFileSync('/run/cricket/cricket.pid', 'utf8'));

  async function podIds(): Promise<string[]> {
    await cri.ready(10_000);
    return (await cri.runtime.listPodSandbox()).items.map(({ id }) => id);
  }
});
