import { expect } from 'chai';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageSpec } from '../../../hack/lib/cri-messages.ts';
import { demoReference, startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { containerStatus, createContainer, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import type { TestContainer } from '../../fixtures/pods.ts';
import { fails, sh } from './lab.ts';

describe('handlers of the configuration', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cricket-handlers-'));
  const calls = join(dir, 'calls');
  let cricket: Cricket;
  before(async () => {
    // An OCI runtime by any name: it is crun, and says what it was told.
    const program = join(dir, 'another');
    writeFileSync(program, `#!/bin/sh\necho "$@" >> ${calls}\nexec /usr/bin/crun "$@"\n`, { mode: 0o755 });
    const config = `[runtimes.another]
path = "${program}"
root = "${join(dir, 'state')}"
options = ["--debug"]
allowed_annotations = ["com.test/*", "exact"]
[runtimes.gone]
path = "${join(dir, 'no-such')}"
`;
    cricket = await startCricket({ config });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true });
  });

  const annotationsOf = async ({ id }: TestContainer) => {
    const { info } = await cricket.client.runtime.containerStatus({ containerId: id, verbose: true });
    const { runtimeSpec } = JSON.parse(info['info'] ?? '') as { runtimeSpec: { annotations: Record<string, string> } };
    return runtimeSpec.annotations;
  };
  const annotations = { 'com.test/a': 'pod', 'com.test/b': 'pod', exact: 'x', exactly: 'y', 'run.oci.handler': 'wasm' };
  const ofContainer = { 'com.test/a': 'container', 'io.kubernetes.cri.container-name': 'forged' };

  it('run with their options, from their own state directory', async () => {
    const pod = await runPod(cricket, { name: 'a' }, 'another');
    const container = await runContainer(cricket, pod, { name: 'c' });
    expect(await sh(cricket, container, 'echo hi')).to.equal('hi');
    await removePod(cricket, pod.id);
    const told = readFileSync(calls, 'utf8')
      .split('\n')
      .filter((line) => /\b(create|start|exec)\b/.test(line));
    expect(told).to.have.length.at.least(3);
    for (const line of told) expect(line).to.match(new RegExp(`^--root=${join(dir, 'state')} --debug `));
  });

  it('are told the annotations that they allow, the others none', async () => {
    const pod = await runPod(cricket, { name: 'told', annotations }, 'another');
    const told = await annotationsOf(await createContainer(cricket, pod, { name: 'c', annotations: ofContainer }));
    expect(told).to.deep.include({ 'com.test/a': 'container', 'com.test/b': 'pod', exact: 'x' });
    expect(told).to.deep.include({ 'io.kubernetes.cri.container-name': 'c' });
    expect(told).to.not.have.any.keys('exactly', 'run.oci.handler');
    const plain = await runPod(cricket, { name: 'plain', annotations });
    const untold = await annotationsOf(await createContainer(cricket, plain, { name: 'c', annotations: ofContainer }));
    expect(Object.keys(untold).filter((name) => !name.startsWith('io.kubernetes.cri.'))).to.deep.equal([]);
  });

  it('tell in Status what each can do, by the features of its own program', async () => {
    const { runtimeHandlers } = await cricket.client.runtime.status({});
    const byName = new Map(runtimeHandlers.map(({ name, features }) => [name, features]));
    expect([...byName.keys()]).to.have.members(['', 'crun', 'runc', 'another', 'gone']);
    expect(byName.get('another')).to.deep.equal(byName.get('crun'));
    expect(byName.get('')).to.deep.equal(byName.get('crun'));
    expect(byName.get('crun')?.recursiveReadOnlyMounts).to.equal(true);
    expect(byName.get('gone')).to.deep.equal({ recursiveReadOnlyMounts: false, userNamespaces: false });
  });

  it('are refused where nobody configured them, and say so where their program is gone', async () => {
    await fails(runPod(cricket, { name: 'b' }, 'no-such'), 'INVALID_ARGUMENT', 'add [runtimes.no-such]');
    const said = /no-such is no program; install it, or mend runtimes.gone.path/;
    await fails(runPod(cricket, { name: 'gone' }, 'gone'), 'FAILED_PRECONDITION', said);
    const image = { ...imageSpec(demoReference), runtimeHandler: 'no-such' };
    await fails(cricket.client.image.pullImage({ image }), 'INVALID_ARGUMENT', 'no-such');
  });

  it('with a limit of their own for users and groups: one above it ends by StartError, which names the limit', async () => {
    const security = { runAsUser: { value: 2n ** 31n } };
    const pods = await Promise.all(['crun', 'runc'].map(async (name) => runPod(cricket, { name }, name)));
    const [crun, runc] = await Promise.all(
      pods.map(async (pod) => createContainer(cricket, pod, { name: 'c', security })),
    );
    await cricket.client.runtime.startContainer({ containerId: crun?.id ?? '' });
    const start = cricket.client.runtime.startContainer({ containerId: runc?.id ?? '' });
    const said = await fails(start, 'FAILED_PRECONDITION', /range 0-2147483647; name users and groups in it/);
    expect(said)
      .to.contain('container c cannot be started')
      .and.not.contain((runc?.id ?? 'none').slice(0, 13));
    expect(await containerStatus(cricket, runc?.id ?? '')).to.include({ exitCode: 128, reason: 'StartError' });
  });

  it('give their pods back when somebody has uninstalled them', async () => {
    const pod = await runPod(cricket, { name: 'left' }, 'another');
    await runContainer(cricket, pod, { name: 'c' });
    const program = join(dir, 'another');
    renameSync(program, `${program}.old`);
    await fails(createContainer(cricket, pod, { name: 'd' }), 'FAILED_PRECONDITION', 'is no program');
    await removePod(cricket, pod.id);
    renameSync(`${program}.old`, program);
    const { items } = await cricket.client.runtime.listPodSandbox({ filter: undefined });
    expect(items.map(({ id }) => id)).to.not.include(pod.id);
  });
});
