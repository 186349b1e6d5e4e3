import { expect } from 'chai';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { containerStatus, runContainer, runPod } from '../fixtures/pods.ts';
import { cgroupFile } from '../integration/sandbox/lab.ts';
import { cli } from './hands-on.ts';

describe('cricket update', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  it('changes limits of a container, all of them or none', async () => {
    const pod = await runPod(cricket, { name: 'a' });
    const { id } = await runContainer(cricket, pod, { name: 'web' });
    const group = `${cricket.podCgroup(pod.id)}/${id}`;
    const limits = () => ({
      memory: cgroupFile(group, 'memory.limit_in_bytes', 'memory.max'),
      pids: cgroupFile(group, 'pids.max'),
      cpus: cgroupFile(group, 'cpuset.cpus'),
    });
    const flags = [
      '--memory',
      '64m',
      '--memory-swap',
      '96m',
      '--cpus',
      '0.5',
      '--pids-limit',
      '50',
      '--cpuset-cpus',
      '0',
    ];
    expect(await cli(cricket, 'update', ...flags, 'a/web')).to.deep.equal({ code: 0, out: 'a/web\n', err: '' });
    const set = { memory: String(64 * 2 ** 20), pids: '50', cpus: '0' };
    expect(limits()).to.deep.equal(set);
    const { resources } = await containerStatus(cricket, id);
    expect(resources?.linux).to.include({ cpuQuota: 50_000n, cpuPeriod: 100_000n, memorySwapLimitInBytes: 96n << 20n });
    for (const [wrong, said] of [
      [['--pids-limit', '60', '--cpuset-cpus', '4095'], 'cpuset.cpus'],
      [['--memory', 'much'], '--memory'],
      [['--cpus', '1', '--cpu-quota', '5000'], '--cpu-quota'],
      [['--pids-limit', '1.5'], 'pidsLimit'],
      [[], 'nothing to update'],
    ] as const) {
      const { code, err } = await cli(cricket, 'update', ...wrong, 'web');
      expect(code, wrong.join(' ')).not.to.equal(0);
      expect(err).to.contain(said);
    }
    expect(limits()).to.deep.equal(set);
    expect((await cli(cricket, 'update', '--pids-limit', '-1', 'web')).code).to.equal(0);
    expect(limits()).to.deep.equal({ ...set, pids: 'max' });
  });
});
