import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { links } from '../../leftovers/kernel.ts';
import { eventually, podStatus, removePod, runPod } from '../../fixtures/pods.ts';
import { fails } from '../sandbox/lab.ts';
import { CniLab } from './lab.ts';

describe('CNI configurations', function () {
  this.timeout(30_000);
  let lab: CniLab;
  beforeEach(() => (lab = new CniLab()));
  afterEach(async () => lab.stop());

  const readiness = async (wanted: boolean, message: RegExp | string) =>
    eventually(async () => {
      const ready = await lab.ready();
      expect(ready.status, ready.message).to.equal(wanted);
      if (typeof message === 'string') expect(ready.message).to.equal(message);
      else expect(ready.message).to.match(message);
      expect(ready.reason).to.equal(wanted ? '' : 'NetworkPluginNotReady');
    });
  const ipOf = async (name: string) => {
    const { id } = await runPod(lab.cricket, { name });
    return { id, ip: (await podStatus(lab.cricket, id)).network?.ip ?? '' };
  };
  const named = (name: string) => ({ ...lab.chain([lab.bridgePlugin()]), name });

  it('are waited for in mode cni, also for their directory, and watched from then on', async () => {
    rmSync(lab.confDir, { recursive: true });
    await lab.start();
    await readiness(false, `there is no CNI configuration in ${lab.confDir}`);
    await fails(runPod(lab.cricket, { name: 'early' }), 'FAILED_PRECONDITION', /no CNI configuration in/);
    expect(links()).to.not.include(`crk${lab.cricket.instance}`);
    mkdirSync(lab.confDir);
    lab.write('20-net.conflist', lab.chain([lab.bridgePlugin()]));
    await readiness(true, '');
    lab.write('10-first.conf', '{"cniVersion": "1.0.0", "name": "first", "type"');
    await readiness(false, /10-first\.conf: it is not JSON: .*; mend or remove that file/);
    await fails(runPod(lab.cricket, { name: 'early' }), 'FAILED_PRECONDITION', /10-first\.conf: it is not JSON/);
    lab.write('10-first.conf', { cniVersion: '1.0.0', name: 'first', type: 'absent' });
    await readiness(false, /CNI plugin absent is not in .*\/bin, \/usr\/lib\/cni; install it there/);
    symlinkSync('/usr/lib/cni/bridge', join(lab.binDir, 'absent'));
    await readiness(true, '');
    lab.write('10-first.conf', { cniVersion: '9.0.0', name: 'first', type: 'bridge' });
    await readiness(false, /10-first\.conf: version 9\.0\.0 is not among 0\.1\.0, /);
    rmSync(join(lab.confDir, '10-first.conf'));
    await readiness(true, '');
    renameSync(lab.confDir, `${lab.confDir}.away`);
    await readiness(false, /there is no CNI configuration/);
    renameSync(`${lab.confDir}.away`, lab.confDir);
    await readiness(true, '');
    const { ip } = await ipOf('late');
    expect(lab.taken()).to.deep.equal([ip]);
  });

  it('are chosen by name: .conf, .conflist and .json, and nothing else', async () => {
    lab.write('00-notes.txt', 'not one');
    mkdirSync(join(lab.confDir, '01-folder.conflist'));
    lab.write('20-b.conflist', named('b'));
    lab.write('10-a.json', { cniVersion: '0.4.0', name: 'a', ...lab.bridgePlugin() });
    lab.write('.hidden.bak', 'not one');
    await lab.start();
    const chosen = async () => {
      const { info } = await lab.cricket.client.runtime.status({ verbose: true });
      const { configuration } = JSON.parse(info['network'] ?? '') as { configuration: { network?: { name: string } } };
      return configuration.network?.name;
    };
    expect(await chosen()).to.equal('a');
    const { id, ip } = await ipOf('web');
    expect(ip).to.match(/^10\./);
    lab.write('05-c.conf', { cniVersion: '1.0.0', name: 'c', type: 'loopback' });
    await eventually(async () => expect(await chosen()).to.equal('c'));
    rmSync(join(lab.confDir, '05-c.conf'));
    rmSync(join(lab.confDir, '10-a.json'));
    await eventually(async () => expect(await chosen()).to.equal('b'));
    await removePod(lab.cricket, id);
  });

  it('take plugins from the folder that has the name of the network', async () => {
    const base = lab.chain([lab.bridgePlugin()]);
    mkdirSync(join(lab.confDir, lab.name));
    const extra = join(lab.confDir, lab.name, '10-extra.conf');
    lab.write('10-net.conflist', base);
    await lab.start();
    lab.on('ADD', 'body | sed "s/.*\\"prevResult\\":\\(.*\\)}$/\\1/"; exit 0');
    lab.on('DEL', 'exit 0');
    writeFileSync(extra, JSON.stringify({ type: 'trouble' }));
    await eventually(async () => {
      const { info } = await lab.cricket.client.runtime.status({ verbose: true });
      expect(info['network']).to.contain('trouble');
    });
    const { id } = await ipOf('web');
    expect(lab.calls('ADD')).to.have.length(1);
    await removePod(lab.cricket, id);
    lab.write('10-net.conflist', { ...base, loadOnlyInlinedPlugins: true });
    await eventually(async () => {
      const { info } = await lab.cricket.client.runtime.status({ verbose: true });
      expect(info['network']).to.not.contain('trouble');
    });
  });

  it('make way for the built-in network in mode auto, and take over from it; each pod keeps its own', async () => {
    await lab.start('auto');
    const builtIn = lab.cricket.range.replace(/0\/24$/, '');
    await readiness(true, '');
    const before = await ipOf('before');
    expect(before.ip).to.contain(builtIn);
    await lab.use(lab.chain([lab.bridgePlugin()]));
    const during = await ipOf('during');
    expect(lab.taken()).to.deep.equal([during.ip]);
    await lab.cricket.restart();
    for (const { id, ip } of [before, during]) expect((await podStatus(lab.cricket, id)).network?.ip).to.equal(ip);
    lab.write('05-broken.conf', '{');
    await readiness(false, /05-broken\.conf/);
    rmSync(lab.confDir, { recursive: true });
    await readiness(true, '');
    const after = await ipOf('after');
    expect(after.ip).to.contain(builtIn);
    for (const { id } of [before, during, after]) await removePod(lab.cricket, id);
    await lab.expectNothingLeft();
  });

  it('are left by a change of mode: pods that have their network keep it, and are released', async () => {
    lab.write('10-net.conflist', lab.chain([lab.bridgePlugin()]));
    await lab.start('cni');
    const before = await ipOf('before');
    await lab.cricket.sigterm();
    const settings = readFileSync(lab.cricket.config, 'utf8');
    writeFileSync(lab.cricket.config, settings.replace('network.mode = "cni"', 'network.mode = "built-in"'));
    rmSync(lab.confDir, { recursive: true });
    await lab.cricket.start();
    expect((await podStatus(lab.cricket, before.id)).network?.ip).to.equal(before.ip);
    const after = await ipOf('after');
    expect(after.ip).to.contain(lab.cricket.range.replace(/0\/24$/, ''));
    await removePod(lab.cricket, before.id);
    expect(lab.taken()).to.deep.equal([]);
  });

  it('keep the built-in network from being made at all', async () => {
    lab.write('10-net.conflist', lab.chain([lab.bridgePlugin()]));
    await lab.start('auto');
    await lab.cricket.client.runtime.updateRuntimeConfig({
      runtimeConfig: { networkConfig: { podCidr: `10.228.${lab.number}.0/24` } },
    });
    const { id } = await ipOf('web');
    expect(links()).to.not.include(`crk${lab.cricket.instance}`);
    rmSync(join(lab.confDir, '10-net.conflist'));
    await eventually(() => expect(links()).to.include(`crk${lab.cricket.instance}`));
    const { ip } = await ipOf('next');
    expect(ip).to.contain(`10.228.${lab.number}.`);
    await removePod(lab.cricket, id);
  });

  it('of version 1.1 are asked for their status', async () => {
    lab.on('STATUS', `echo '{"code":50,"msg":"the agent is not up"}'; exit 1`);
    lab.write('10-net.conflist', { ...lab.chain([{ type: 'trouble' }]), cniVersions: ['1.0.0', '1.1.0', '2.0.0'] });
    await lab.start();
    await readiness(false, /trouble, STATUS: the agent is not up \(code 50\)/);
    lab.on('STATUS', undefined);
    await readiness(true, '');
    const [call] = lab.calls('STATUS');
    expect(call?.request).to.include({ cniVersion: '1.1.0', name: lab.name });
    expect(call?.variables).to.not.have.any.keys('CNI_CONTAINERID', 'CNI_NETNS');
  });

  it('of version 1.1 have garbage collected, with every pod that is there', async () => {
    lab.on('ADD', `echo '{"cniVersion":"1.1.0","ips":[{"address":"192.0.2.9/24"}]}'; exit 0`);
    lab.on('DEL', 'exit 0');
    lab.write('10-net.conflist', lab.chain([{ type: 'trouble' }], { cniVersion: '1.1.0' }));
    await lab.start();
    await eventually(() => expect(lab.calls('GC')).to.have.length(1));
    expect(lab.calls('GC')[0]?.request['cni.dev/valid-attachments']).to.deep.equal([]);
    const { id } = await ipOf('web');
    lab.forgetCalls();
    await lab.cricket.restart();
    await eventually(() => expect(lab.calls('GC')).to.have.length(1));
    const [gc] = lab.calls('GC');
    const valid = [{ containerID: id, ifname: 'eth0' }];
    expect(gc?.request).to.deep.include({ 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid });
    expect(gc?.variables).to.deep.equal({ CNI_COMMAND: 'GC', CNI_PATH: `${lab.binDir}:/usr/lib/cni` });
    await lab.use(lab.chain([{ type: 'trouble' }], { cniVersion: '1.1.0', disableGC: true }), '10-net.conflist');
    lab.forgetCalls();
    await lab.cricket.restart();
    await eventually(() => expect(lab.calls('CHECK')).to.have.length(1));
    await removePod(lab.cricket, id);
    expect(lab.calls('GC')).to.deep.equal([]);
  });

  it('whose plugin may not be executed is no plugin', async () => {
    chmodSync(join(lab.binDir, 'trouble'), 0o644);
    lab.write('10-net.conflist', lab.chain([{ type: 'trouble' }]));
    await lab.start();
    await readiness(false, /CNI plugin trouble is not in/);
    await fails(runPod(lab.cricket, { name: 'web' }), 'FAILED_PRECONDITION', /CNI plugin trouble is not in/);
    await lab.expectNothingLeft();
    chmodSync(join(lab.binDir, 'trouble'), 0o755);
    await readiness(true, '');
  });
});
