import { expect } from 'chai';
import { podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

describe('a pod on a chain of CNI plugins', function () {
  this.timeout(30_000);
  const lab = new CniLab();
  before(async () => {
    const ipam = lab.ipam(lab.subnet, lab.subnet6);
    lab.write('10-test.conflist', lab.chain([{ ...lab.bridgePlugin({ ipam }), type: 'trouble' }]));
    await lab.start();
  });
  after(async () => lab.stop());

  it('has the addresses that the plugins gave', async () => {
    expect(await lab.ready()).to.deep.equal({ status: true, reason: '', message: '' });
    const pod = await runPod(lab.cricket, { name: 'web', namespace: 'shop', uid: 'u-1' });
    const { network } = await podStatus(lab.cricket, pod.id);
    const taken = lab.taken();
    expect([network?.ip, ...(network?.additionalIps ?? []).map(({ ip }) => ip)]).to.have.members(taken);
    await removePod(lab.cricket, pod.id);
    await lab.expectNothingLeft();
  });
});
