import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import { isReady, logLines, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const names = ['first', 'second'] as const;

/** Root in a range of users of its own, with a volume. */
const pod = (name: string): object =>
  staticPod({
    name,
    script: `touch /work/x; ${sleeping}`,
    spec: { hostUsers: false, volumes: [{ name: 'work', emptyDir: {} }] },
    container: { volumeMounts: [{ name: 'work', mountPath: '/work' }] },
  });

describe('a real kubelet gives pods users of their own', function () {
  this.timeout(120_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode();
    const { runtimeHandlers } = await node.cricket.client.runtime.status({});
    if (runtimeHandlers.find(({ name }) => name === '')?.features?.userNamespaces !== true) this.skip(); // This host has no idmapped mounts or no user namespaces: the kubelet refuses such pods.
    for (const name of names) node.run(name, pod(name));
  });
  after(async () => node[Symbol.asyncDispose]());

  const ready = async (name: string) =>
    eventually(async () => {
      const seen = await viewOf(node.kubelet(), name);
      expect(isReady(seen.pod), `${name} is ready`).to.equal(true);
      return seen;
    }, 90_000);
  const mapOf = async (name: string) => {
    const [inside, outside, size] = (await runIn(node.kubelet(), name, 'cat /proc/self/uid_map')).trim().split(/\s+/);
    return { inside: Number(inside), outside: Number(outside), size: Number(size) };
  };

  it('a range each, none of which another has', async () => {
    for (const name of names) await ready(name);
    const [first, second] = [await mapOf('first'), await mapOf('second')];
    for (const { inside, outside, size } of [first, second]) {
      expect([inside, size]).to.deep.equal([0, 65_536]);
      expect(outside).to.be.at.least(65_536);
    }
    expect(Math.abs(first.outside - second.outside)).to.be.at.least(65_536);
  });

  it('root inside, nobody outside, and volumes are theirs all the same', async () => {
    const { pod: seen, main } = await ready('first');
    const { outside } = await mapOf('first');
    expect(await runIn(node.kubelet(), 'first', 'id -u; stat -c %u /work/x')).to.equal('0\n0\n');
    const { info } = await node.cricket.client.runtime.containerStatus({
      containerId: main.containerID?.split('//')[1] ?? '',
      verbose: true,
    });
    const { pid } = JSON.parse(info['info'] ?? '') as { readonly pid: number };
    expect(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]).to.equal(String(outside));
    const volumes = join(node.kubelet().podLogsDir, '../root/pods', seen.metadata.uid, 'volumes');
    expect(statSync(join(volumes, 'kubernetes.io~empty-dir/work/x')).uid).to.equal(0);
  });

  it('and all of it goes', async () => {
    for (const name of names) node.remove(name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});
