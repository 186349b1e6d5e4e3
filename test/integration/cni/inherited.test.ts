import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

describe('a pod on a CNI network that a daemon before this one has made', function () {
  this.timeout(30_000);
  const lab = new CniLab();
  before(async () => lab.start());
  beforeEach(() => lab.forgetCalls());
  afterEach(async () => {
    for (const command of ['ADD', 'DEL', 'CHECK']) lab.on(command, undefined);
    await lab.cricket.removePods();
    await lab.expectNothingLeft();
  });
  after(async () => lab.stop());

  it('is released by the configuration that it was made with, also when that is gone', async () => {
    await lab.use(lab.chain([lab.trouble({ of: 'before' })]));
    const first = await runPod(lab.cricket, { name: 'first' });
    await lab.use(lab.chain([lab.trouble({ of: 'after' })]));
    await removePod(lab.cricket, first.id);
    const second = await runPod(lab.cricket, { name: 'second' });
    rmSync(join(lab.confDir, '10-test.conflist'));
    await lab.cricket.restart();
    await removePod(lab.cricket, second.id);
    expect(lab.calls('DEL').map(({ request }) => request['of'])).to.have.members(['before', 'after']);
  });

  it('is released after a reboot, when its namespace is gone', async () => {
    await lab.use(lab.chain([lab.trouble(), { type: 'portmap', capabilities: { portMappings: true } }]));
    const { id } = await runPod(lab.cricket, { name: 'rebooted' });
    await lab.cricket.sigkill();
    const record = join(lab.cricket.root, 'pods', id, 'pod.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace(/"bootId":"[^"]+"/, '"bootId":"before"'));
    execFileSync('umount', [lab.calls('ADD')[0]?.variables['CNI_NETNS'] ?? '']);
    rmSync(join(lab.cricket.state, 'cni'), { recursive: true });
    await lab.cricket.start();
    await eventually(() => expect(lab.taken()).to.deep.equal([]));
    const [del] = lab.calls('DEL');
    expect(del?.variables).to.include({ CNI_NETNS: '', CNI_CONTAINERID: id });
    expect(del?.request['prevResult']).to.have.property('ips').with.length(1);
  });

  it('is asked after once by the next daemon, which says what is amiss', async () => {
    await lab.use(lab.chain([lab.trouble()]));
    await Promise.all(['sound', 'broken'].map((name) => runPod(lab.cricket, { name })));
    lab.on('CHECK', `case $CNI_ARGS in *NAME=broken*) echo '{"code":100,"msg":"the link is gone"}'; exit 1 ;; esac`);
    await lab.cricket.restart();
    await eventually(() => expect(lab.calls('CHECK')).to.have.length(2));
    await eventually(() => expect(lab.cricket.log()).to.contain('is not as it was made: network'));
    const { items } = await lab.cricket.client.runtime.listPodSandbox();
    for (const { id, metadata } of items) {
      const { info } = await lab.cricket.client.runtime.podSandboxStatus({ podSandboxId: id, verbose: true });
      const { network } = JSON.parse(info['info'] ?? '') as {
        network: { kind: string; check: string; result: object };
      };
      expect(network.kind).to.equal('cni');
      expect(network.result).to.have.property('ips');
      expect(network.check).to.contain(metadata?.name === 'broken' ? 'the link is gone' : 'ok');
    }
    const [check] = lab.calls('CHECK');
    expect(check?.request['prevResult']).to.have.property('ips').with.length(1);
  });

  it('can be released although what is written of it cannot be read', async () => {
    await lab.use(lab.chain([lab.trouble()]));
    const { id } = await runPod(lab.cricket, { name: 'damaged' });
    await lab.cricket.sigkill();
    writeFileSync(join(lab.cricket.root, 'network', 'cni', `${id}.json`), '{"kind"');
    await lab.cricket.start();
    expect((await podStatus(lab.cricket, id)).network?.ip).to.equal(lab.taken()[0]);
    await removePod(lab.cricket, id);
  });

  it('is left alone where a newer version wrote it, until somebody removes the pod', async () => {
    await lab.use(lab.chain([lab.trouble()]));
    const { id } = await runPod(lab.cricket, { name: 'ahead' });
    await lab.cricket.sigkill();
    const record = join(lab.cricket.root, 'network', 'cni', `${id}.json`);
    const owed = join(lab.cricket.root, 'network', 'cni', `${'0'.repeat(64)}.json`);
    const cidr = join(lab.cricket.root, 'network', 'pod-cidr.json');
    const ahead = '{"kind":"CNI attachment","version":99,"data":{}}';
    for (const path of [record, owed]) writeFileSync(path, ahead);
    writeFileSync(cidr, '{"kind":"pod CIDR","version":99,"data":{}}');
    await lab.cricket.start();
    const networkConfig = { podCidr: '10.227.0.0/16' };
    await lab.cricket.client.runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig } });
    await lab.cricket.restart();
    expect(lab.cricket.log()).to.contain('pod CIDR').and.to.contain('install the newer one again to manage it');
    await removePod(lab.cricket, id);
    expect(lab.calls('DEL').map(({ variables }) => variables['CNI_CONTAINERID'])).to.deep.equal([id]);
    expect(readFileSync(owed, 'utf8')).to.equal(ahead);
    expect(readFileSync(cidr, 'utf8')).to.contain('"version":99');
    rmSync(owed);
  });
});
