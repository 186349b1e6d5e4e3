import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { statusOf } from '../../../hack/lib/cri-client.ts';
import { podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { CniLab } from './lab.ts';

/** Takes an address, makes the link, then goes on as told. */
const halfWay = 'body | /usr/lib/cni/bridge >/dev/null';
const refuse = (code: number, msg: string) => `echo '{"cniVersion":"1.0.0","code":${code},"msg":"${msg}"}'; exit 1`;
const once = (name: string, times: number, script: string) =>
  `n=$(cat "$lab/${name}" 2>/dev/null || echo 0); echo $((n + 1)) >"$lab/${name}"; [ "$n" -ge ${times} ] || { ${script}; }`;

/** What ADD does, and what the caller is told. */
const troubles: readonly (readonly [string, string, string, RegExp])[] = [
  ['hangs', `${halfWay}; sleep 1000`, 'DEADLINE_EXCEEDED', /trouble, ADD: it did not end within 1 s and was killed/],
  ['hangs with its children', `${halfWay}; sleep 1000 & sleep 1000 & wait`, 'DEADLINE_EXCEEDED', /within 1 s/],
  ['crashes', `${halfWay}; kill -SEGV $$`, 'UNKNOWN', /trouble, ADD: it was killed by signal 11/],
  ['prints rubbish', `${halfWay}; echo 'all is well'; exit 0`, 'UNKNOWN', /is no result, [^]*: all is well/],
  ['prints nothing', `${halfWay}; exit 0`, 'UNKNOWN', /what it printed is no result/],
  ['prints a list', `${halfWay}; echo '[]'; exit 0`, 'UNKNOWN', /what it printed is no result: \[\]/],
  ['prints without end', `${halfWay}; yes`, 'UNKNOWN', /it printed more than \d+ bytes and was killed/],
  ['complains without end', `${halfWay}; yes >&2`, 'UNKNOWN', /it printed more than \d+ bytes and was killed/],
  ['fails after having taken an address', `${halfWay}; ${refuse(100, 'no luck')}`, 'UNKNOWN', /no luck \(code 100\)/],
  [
    'fails in words',
    'echo "grüße from stderr" >&2; echo oops; exit 3',
    'UNKNOWN',
    /ended with 3: oops; it said: grüße/,
  ],
  [
    'gives no address',
    `echo '{"cniVersion":"1.0.0","interfaces":[],"ips":[]}'; exit 0`,
    'FAILED_PRECONDITION',
    /has no address/,
  ],
  [
    'gives the host an address',
    `${halfWay}; echo '{"interfaces":[{"name":"x"}],"ips":[{"address":"10.0.0.1/8","interface":0}]}'; exit 0`,
    'FAILED_PRECONDITION',
    /has no address/,
  ],
];

describe('a CNI plugin in trouble', function () {
  this.timeout(60_000);
  const lab = new CniLab();
  before(async () => {
    lab.write('10-test.conflist', lab.chain([{ ...lab.bridgePlugin(), type: 'trouble' }]));
    await lab.start('cni', 'network.cni_plugin_timeout_seconds = 1');
  });
  beforeEach(() => lab.forgetCalls());
  afterEach(async () => {
    for (const command of ['ADD', 'DEL']) lab.on(command, undefined);
    await lab.cricket.removePods();
    await lab.expectNothingLeft();
  });
  after(async () => lab.stop());

  async function refusal(name: string) {
    const thrown: unknown = await runPod(lab.cricket, { name }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const told = statusOf(thrown);
    return { code: status[told?.code ?? status.OK], message: told?.message ?? '' };
  }

  for (const [what, script, code, message] of troubles)
    it(`that ${what} on ADD: the pod fails clearly, nothing is left, a retry works`, async () => {
      lab.on('ADD', script);
      const told = await refusal('unlucky');
      expect(told.message).to.match(message);
      expect(told.code).to.equal(code);
      expect((await lab.cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
      await lab.expectNothingLeft();
      expect(lab.calls('DEL')).to.have.length(1);
      lab.on('ADD', undefined);
      const { id } = await runPod(lab.cricket, { name: 'unlucky' });
      expect((await podStatus(lab.cricket, id)).network?.ip).to.equal(lab.taken()[0]);
    });

  it('that fails DEL three times: the fourth stop succeeds', async () => {
    const { id: podSandboxId } = await runPod(lab.cricket, { name: 'clings' });
    lab.on('DEL', once('dels', 3, refuse(100, 'not yet')));
    for (let i = 0; i < 3; i++) {
      const error: unknown = await lab.cricket.client.runtime.stopPodSandbox({ podSandboxId }).catch((e: unknown) => e);
      expect(statusOf(error)?.message).to.match(/trouble, DEL: not yet \(code 100\)/);
      expect(lab.taken()).to.have.length(1);
    }
    await removePod(lab.cricket, podSandboxId);
    expect(lab.calls('DEL')).to.have.length(4);
  });

  it('that fails ADD half-way and then DEL: the sandbox stays until it could be released', async () => {
    lab.on('ADD', `${halfWay}; ${refuse(100, 'no luck')}`);
    lab.on('DEL', once('more-dels', 2, refuse(100, 'not yet')));
    expect((await refusal('stuck')).message).to.contain('no luck');
    const { items } = await lab.cricket.client.runtime.listPodSandbox();
    expect(items).to.have.length(1);
    expect(lab.taken()).to.have.length(1);
    const podSandboxId = items[0]?.id ?? '';
    const error: unknown = await lab.cricket.client.runtime.stopPodSandbox({ podSandboxId }).catch((e: unknown) => e);
    expect(statusOf(error)?.message).to.contain('not yet');
    await removePod(lab.cricket, podSandboxId);
  });

  it('that says "try again later" is tried again, with a DEL between', async () => {
    lab.on('ADD', once('adds', 2, `${halfWay}; ${refuse(11, 'starting')}`));
    const { id: podSandboxId } = await runPod(lab.cricket, { name: 'patient' });
    expect([lab.calls('ADD').length, lab.calls('DEL').length]).to.deep.equal([3, 2]);
    expect(lab.taken()).to.have.length(1);
    lab.on('DEL', once('late-dels', 2, refuse(11, 'busy')));
    await removePod(lab.cricket, podSandboxId);
  });

  it('that hangs on DEL is killed, and asked again', async () => {
    const { id: podSandboxId } = await runPod(lab.cricket, { name: 'hangs' });
    lab.on('DEL', once('hung-dels', 1, 'sleep 1000'));
    const error: unknown = await lab.cricket.client.runtime.stopPodSandbox({ podSandboxId }).catch((e: unknown) => e);
    expect(statusOf(error)?.code).to.equal(status.DEADLINE_EXCEEDED);
    await removePod(lab.cricket, podSandboxId);
  });

  it('that is gone at DEL does not hold the pod; what it gave out is released once it is back', async () => {
    const { id } = await runPod(lab.cricket, { name: 'orphan' });
    const [plugin, away] = [join(lab.binDir, 'trouble'), join(lab.dir, 'trouble')];
    renameSync(plugin, away);
    await removePod(lab.cricket, id);
    expect(lab.taken()).to.have.length(1);
    expect(lab.cricket.log()).to.contain('CNI DEL is owed');
    renameSync(away, plugin);
    await lab.cricket.restart();
    await lab.expectNothingLeft();
    expect(lab.calls('DEL').at(-1)?.variables['CNI_NETNS']).to.equal('');
  });

  it('that hangs while another pod comes holds up nobody', async () => {
    lab.on('ADD', 'case $CNI_ARGS in *K8S_POD_NAME=slow*) sleep 1000 ;; esac');
    const slow = refusal('slow');
    const begun = performance.now();
    await Promise.all(Array.from({ length: 4 }, (_, i) => runPod(lab.cricket, { name: `quick${i}` })));
    const took = performance.now() - begun;
    expect((await slow).code).to.equal('DEADLINE_EXCEEDED');
    expect(performance.now() - begun).to.be.greaterThan(took);
  });

  it('that runs when the daemon ends is ended with it, and undone', async () => {
    lab.on('ADD', `${halfWay}; echo here >"$lab/half-way"; sleep 1000`);
    const cut = refusal('cut');
    await lab.reached('half-way');
    await lab.cricket.sigterm();
    expect((await cut).code).to.not.equal('OK');
    expect(lab.running()).to.deep.equal([]);
    await lab.cricket.start();
    await lab.expectNothingLeft();
  });

  it('that runs when the daemon is killed is ended by the next one, and undone', async () => {
    const waiting = 'echo here >"$lab/running"; while [ ! -e "$lab/go" ]; do sleep 0.1; done';
    lab.on('ADD', `${waiting}; body | /usr/lib/cni/host-local`);
    const cut = refusal('killed');
    await lab.reached('running');
    await lab.cricket.sigkill();
    expect((await cut).code).to.not.equal('OK');
    expect(lab.running()).to.not.deep.equal([]);
    await lab.cricket.start();
    await lab.expectNothingLeft();
    lab.file('go', {});
    lab.on('ADD', undefined);
    await runPod(lab.cricket, { name: 'killed' });
  });
});
