import { expect } from 'chai';
import { startCricket } from '../../fixtures/daemon.ts';
import type { Cricket } from '../../fixtures/daemon.ts';
import { podStatus, removePod, runContainer, runPod } from '../../fixtures/pods.ts';
import { sh } from './lab.ts';

const crowd = 20;
const rounds = 5;
/** Said once, of this host and not of a pod. */
const hostNote = 'CAP_SYS_RESOURCE';

describe(`${crowd} pods at once`, function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => (cricket = await startCricket()));
  after(async () => cricket.stop());

  /** A pod's whole life, each its own pace: no step waits for the others. */
  async function live(name: string): Promise<string> {
    const pod = await runPod(cricket, { name });
    const ip = (await podStatus(cricket, pod.id)).network?.ip ?? '';
    const container = await runContainer(cricket, pod, { name: 'c', env: { ME: name } });
    const [own, told] = await Promise.all([
      sh(cricket, container, 'ip -4 -o addr show eth0'),
      sh(cricket, container, 'echo $ME; hostname'),
    ]);
    expect(own).to.contain(` ${ip}/`);
    expect(told).to.equal(`${name}\n${name}`);
    await removePod(cricket, pod.id);
    return ip;
  }

  for (let round = 1; round <= rounds; round++)
    it(`live, are executed in and go, round ${round} of ${rounds}`, async () => {
      const names = Array.from({ length: crowd }, (_value, i) => `r${round}-${i}`);
      const addresses = await Promise.all(names.map(live));
      expect(addresses.every((ip) => ip !== '')).to.equal(true);
      expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
      expect(await cricket.left()).to.deep.equal([]);
    });

  it('live side by side, each with its own address', async () => {
    const pods = await Promise.all(Array.from({ length: crowd }, async (_v, i) => runPod(cricket, { name: `p${i}` })));
    const statuses = await Promise.all(pods.map(async ({ id }) => podStatus(cricket, id)));
    expect(new Set(statuses.map(({ network }) => network?.ip)).size).to.equal(crowd);
    await cricket.removePods();
    expect(await cricket.left()).to.deep.equal([]);
  });

  it('said nothing of trouble in the log', () => {
    const trouble = cricket
      .log()
      .split('\n')
      .filter((line) => /"level":"(warn|error)"/.test(line) && !line.includes(hostNote));
    expect(trouble).to.deep.equal([]);
  });
});
