import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { createContainer, eventually, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestPod } from '../../fixtures/pods.ts';
import { processes } from '../../leftovers/kernel.ts';
import { fails } from './lab.ts';

describe('OCI hooks', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-hooks-'));
  const [early, late, seen] = [join(dir, 'early'), join(dir, 'late'), join(dir, 'seen')];
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket({ config: `hooks.dirs = ["${early}", "${late}"]` });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => {
    for (const directory of [early, late]) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
    }
    writeFileSync(seen, '');
  });

  /** A hook that writes a word down. */
  const write = (directory: string, name: string, when: object, more: object = {}) => {
    const hook = {
      path: '/bin/sh',
      args: ['sh', '-c', `cat >/dev/null; echo $WORD >> ${seen}`],
      env: [`WORD=${name}`],
    };
    writeFileSync(
      join(directory, `${name}.json`),
      JSON.stringify({ version: '1.0.0', hook, when, stages: ['createRuntime'], ...more }),
    );
  };
  const words = () => readFileSync(seen, 'utf8').split('\n').slice(0, -1);

  for (const handler of ['crun', 'runc'])
    it(`run at their stages for the containers they mean, with ${handler}`, async () => {
      const pod: TestPod = await runPod(
        cricket,
        { name: handler, annotations: { 'com.example/of-pod': 'yes' } },
        handler,
      );
      write(late, 'b-pod', { annotations: { '^com\\.example/of-pod$': '^yes$' } });
      write(late, 'A-always', { always: true });
      write(late, 'c-mounts', { hasBindMounts: true });
      write(late, 'd-command', { commands: ['^sh$'] });
      write(late, 'e-other', { commands: ['^nginx$'] });
      write(late, 'f-own', { annotations: { own: 'x' }, always: true });
      write(late, 'z-end', { always: true }, { stages: ['poststop'] });
      const container = await runContainer(cricket, pod, { name: 'c', annotations: { own: 'xyz' } });
      expect(words()).to.deep.equal(['A-always', 'b-pod', 'd-command', 'f-own']);
      await cricket.client.runtime.stopContainer({ containerId: container.id, timeout: 0n });
      await cricket.client.runtime.removeContainer({ containerId: container.id });
      await removePod(cricket, pod.id);
      await eventually(() => expect(words().at(-1)).to.equal('z-end'));
    });

  it('hold up the end of a container for ten seconds at most', async () => {
    const pod = await runPod(cricket, { name: 'slow-end' });
    const hook = { path: '/bin/sh', args: ['sh', '-c', `echo begun >> ${seen}; sleep 4713; echo done >> ${seen}`] };
    write(early, 'slow', { always: true }, { stages: ['poststop'], hook });
    const { id: containerId } = await runContainer(cricket, pod, { name: 'c' });
    await cricket.client.runtime.stopContainer({ containerId, timeout: 0n });
    await cricket.client.runtime.removeContainer({ containerId });
    expect(words()).to.deep.equal(['begun']);
    expect(cricket.log()).to.match(/took more than 10 s and were ended; give poststop hooks a timeout/);
    expect(processes().filter(({ command }) => command.includes('sleep 4713'))).to.deep.equal([]);
    await removePod(cricket, pod.id);
  }).timeout(60_000);

  it('hide those of their name in an earlier directory, and are read anew', async () => {
    const pod = await runPod(cricket, { name: 'hide' });
    write(early, 'a', { always: true });
    await runContainer(cricket, pod, { name: 'one' });
    expect(words()).to.deep.equal(['a']);
    write(late, 'a', { always: false });
    await runContainer(cricket, pod, { name: 'two' });
    expect(words()).to.deep.equal(['a']);
    rmSync(late, { recursive: true });
    await runContainer(cricket, pod, { name: 'three' });
    expect(words()).to.deep.equal(['a', 'a']);
  });

  it('refuse containers where a file cannot be understood, a program is not there, or fails', async () => {
    const pod = await runPod(cricket, { name: 'refuse' });
    const refused = async (code: Parameters<typeof fails>[1], said: RegExp) => {
      await fails(createContainer(cricket, pod, { name: 'no' }), code, said);
      const { containers } = await cricket.client.runtime.listContainers();
      expect(containers.map(({ metadata }) => metadata?.name)).to.not.include('no');
    };
    writeFileSync(join(late, 'a.json'), '{');
    await refused('FAILED_PRECONDITION', /hook .*a.json: it is not JSON.*mend or remove/);
    write(late, 'a', { always: true }, { version: '0.1.0' });
    await refused('FAILED_PRECONDITION', /a.json: version: must be 1.0.0/);
    write(late, 'a', { always: true }, { hook: { path: '/no/such' } });
    await refused('FAILED_PRECONDITION', /a.json: ENOENT.*\/no\/such/);
    write(late, 'a', { always: true }, { hook: { path: '/bin/false' } });
    await refused('UNKNOWN', /hook|false/);
    rmSync(join(late, 'a.json'));
    writeFileSync(join(late, 'notes.txt'), 'not a hook');
    await createContainer(cricket, pod, { name: 'yes' });
  });
});
