import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { ContainerState } from '../../api/cri/v1/api.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { containerStatus, createContainer, eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestPod } from '../fixtures/pods.ts';
import { cli } from './hands-on.ts';

/** Counts as fast as a shell can. */
const counter = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; usleep 2000; done'];

/** `cricket pause` and `unpause`, which the kernel's freezer does. */
describe('a paused container', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  before(async () => {
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'habits', namespace: 'docker' });
  });
  after(async () => cricket.stop());

  const lines = (path: string) => readFileSync(path, 'utf8').split('\n').length;
  const exec = async (containerId: string) =>
    cricket.client.runtime.execSync({ containerId, cmd: ['true'], timeout: 5n });

  it('holds still, the CRI goes on, an exec is refused; unpause lets it go on', async () => {
    const made = await runContainer(cricket, pod, { name: 'counter', command: counter });
    await eventually(() => expect(lines(made.logPath)).to.be.greaterThan(3));
    expect(await cli(cricket, 'pause', 'counter')).to.deep.equal({ code: 0, out: 'counter\n', err: '' });
    expect((await cli(cricket, 'pause', 'counter')).code, 'twice').to.equal(0);
    const before = lines(made.logPath);
    expect((await containerStatus(cricket, made.id)).state).to.equal(ContainerState.CONTAINER_RUNNING);
    expect(JSON.parse((await cli(cricket, 'inspect', 'counter')).out)).to.have.nested.property('[0].paused', true);
    const refused = await exec(made.id).catch((error: unknown) => String(error));
    expect(refused).to.match(/is paused; cricket unpause lets it go on/);
    expect((await cli(cricket, 'kill', '-s', 'WINCH', 'counter')).err).to.contain(
      'counter is paused: it acts on WINCH',
    );
    expect(lines(made.logPath)).to.equal(before);
    expect((await cli(cricket, 'unpause', 'counter')).code).to.equal(0);
    await eventually(() => expect(lines(made.logPath)).to.be.greaterThan(before));
    expect((await exec(made.id)).exitCode).to.equal(0);
    const journal = (await cli(cricket, 'events', '--since', '1m', '--until', '0s', '--filter', 'container=counter'))
      .out;
    expect(journal.match(/container (pause|unpause|kill) /g)).to.deep.equal([
      'container pause ',
      'container kill ',
      'container unpause ',
    ]);
  });

  it('outlives the daemon, stops on its signal, and is removed', async () => {
    const polite = await runContainer(cricket, pod, { name: 'polite' });
    const doomed = await runContainer(cricket, pod, { name: 'doomed' });
    const killed = await runContainer(cricket, pod, { name: 'killed' });
    for (const { id } of [polite, doomed, killed]) await eventually(async () => exec(id));
    expect((await cli(cricket, 'pause', 'polite', 'doomed', 'killed')).code).to.equal(0);
    await cricket.restart();
    await cricket.client.runtime.stopContainer({ containerId: polite.id, timeout: 40n });
    expect((await exited(cricket, polite.id)).exitCode, 'killed after its grace period').to.equal(0);
    await cricket.client.runtime.removeContainer({ containerId: doomed.id });
    expect((await cli(cricket, 'kill', 'killed')).code).to.equal(0);
    expect((await cli(cricket, 'wait', 'killed')).out).to.equal('137\n');
    expect((await cli(cricket, 'pause', 'polite')).err).to.match(
      /^cricket: pause container .* it is exited, not running/,
    );
    const created = await createContainer(cricket, pod, { name: 'created' });
    expect((await cli(cricket, 'pause', created.id.slice(0, 13))).err).to.contain('it is created, not running');
  });
});
