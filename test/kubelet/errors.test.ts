import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { events } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

interface Case {
  readonly pod: StaticPod;
  /** Of the event. */
  readonly reason: 'Failed' | 'FailedCreatePodSandBox';
  /** What its text says: the cause first, then what to do. */
  readonly says: RegExp;
}

function cases({ registry, shared }: TestNode, taken: number): readonly Case[] {
  const image = (name: string, reference: string): StaticPod =>
    staticPod({ name, script: '', container: { image: reference } });
  const command = (name: string, ...words: readonly string[]): StaticPod =>
    staticPod({ name, script: '', container: { command: words } });
  const mounting = (name: string, path: string, container: object = {}): StaticPod =>
    staticPod({
      name,
      script: '',
      spec: { volumes: [{ name: 'host', hostPath: { path } }] },
      container: { volumeMounts: [{ name: 'host', mountPath: '/host' }], ...container },
    });
  const busy = { ports: [{ containerPort: 80, hostPort: taken }] };
  const seccompProfile = { type: 'Localhost', localhostProfile: 'nope.json' };
  const failed = (pod: StaticPod, says: RegExp): Case => ({ pod, reason: 'Failed', says });
  const noSandbox = (pod: StaticPod, says: RegExp): Case => ({ pod, reason: 'FailedCreatePodSandBox', says });
  const onto = (mountPath: string) => ({ volumeMounts: [{ name: 'host', mountPath }] });
  return [
    failed(
      image('no-tag', `${registry}/test/busybox:nope`),
      /busybox: manifests\/nope at .*: no such image; check its name and tag/,
    ),
    failed(
      image('no-repository', `${registry}/test/absent:1`),
      /test\/absent: .*: no such image; check its name and tag/,
    ),
    failed(
      image('no-registry', '127.0.0.1:9/test/busybox:1'),
      /RegistryUnavailable: .*ECONNREFUSED 127\.0\.0\.1:9; see that the registry runs/,
    ),
    failed(
      image('no-host', 'no-such-host.invalid/test/busybox:1'),
      /RegistryUnavailable: .*no-such-host\.invalid; look at /,
    ),
    failed(
      image('other-cpu', `${registry}/test/foreign:1`),
      /no image for .*; it has: linux\/s390x, .*; name an image of this/,
    ),
    failed(command('no-command', 'bussybox'), /`bussybox` not found in \$PATH.*; name a program that the image has/),
    failed(
      command('no-path', '/no/such/program'),
      /`\/no\/such\/program` not found.*; name a program that the image has/,
    ),
    failed(
      command('directory', '/etc'),
      /open executable \/etc: .*; the command must be a file that its user may execute/,
    ),
    failed(
      command('not-executable', '/etc/passwd'),
      /open executable \/etc\/passwd: Permission denied; the command must be/,
    ),
    failed(
      mounting('below-file', join(shared, 'file/below')),
      /mount source .*shared\/file\/below for \/host .*: a part of that path is a file; name another/,
    ),
    failed(
      mounting('file-over-dir', join(shared, 'file'), onto('/etc')),
      /shared\/file.*etc.*: Not a directory; mount a file on a file/,
    ),
    failed(
      mounting('below-own-file', shared, onto('/etc/passwd/x')),
      /\/etc\/passwd\/x.*: Not a directory; a part of that path is a file in the image/,
    ),
    failed(
      staticPod({ name: 'work-dir', script: '', container: { workingDir: '/etc/passwd' } }),
      /chdir .*\/etc\/passwd.*: Not a directory; the working directory must be/,
    ),
    failed(
      staticPod({ name: 'seccomp', script: '', container: { securityContext: { seccompProfile } } }),
      /seccomp profile .*\/seccomp\/nope\.json: there is no such file; put it there/,
    ),
    failed(
      staticPod({ name: 'tiny', script: '', container: { resources: { limits: { memory: '16Ki' } } } }),
      /memory limit could be too low.*; raise the container's limit/,
    ),
    noSandbox(
      staticPod({ name: 'taken', script: '', container: busy }),
      new RegExp(
        `host ports of pod default/taken-cricket-test: tcp ${taken} is taken by .* of the host; end it, or use another port`,
      ),
    ),
    noSandbox(
      staticPod({
        name: 'sysctl',
        script: '',
        spec: { securityContext: { sysctls: [{ name: 'net.ipv4.nope', value: '1' }] } },
      }),
      /set sysctl net\.ipv4\.nope=1: this kernel has none of that name in a namespace; look at its spelling/,
    ),
  ];
}

/** Each a pod, and a test. */
const names = [
  'no-tag',
  'no-repository',
  'no-registry',
  'no-host',
  'other-cpu',
  'no-command',
  'no-path',
  'directory',
  'not-executable',
  'below-file',
  'file-over-dir',
  'below-own-file',
  'work-dir',
  'seccomp',
  'tiny',
  'taken',
  'sysctl',
];

describe('a real kubelet tells what the daemon says of', function () {
  this.timeout(120_000);
  let node: TestNode;
  let occupant: Server;
  let all: readonly Case[] = [];
  before(async function () {
    this.timeout(600_000);
    occupant = createServer().listen(0, '0.0.0.0');
    await once(occupant, 'listening');
    // A pull that fails is tried again for a while: the others do not wait for that here.
    const kubelet = { allowedUnsafeSysctls: ['net.*'], serializeImagePulls: false, registryPullQPS: 0 };
    node = await startNode({ verbosity: 3, kubelet });
    writeFileSync(join(node.shared, 'file'), '');
    all = cases(node, (occupant.address() as AddressInfo).port);
    for (const { pod } of all) node.run(pod.metadata.name, pod);
  });
  after(async () => {
    occupant.close();
    await node[Symbol.asyncDispose]();
  });

  /** Texts of the events of one pod that have a reason, in the order they came. */
  const told = (name: string, reason: string) =>
    events(node.kubelet())
      .filter((line) => line.includes(`object="default/${name}-`) && line.includes(` reason="${reason}" `))
      .map((line) =>
        line
          .replace(/^.* message="/, '')
          .replaceAll('\\"', '"')
          .slice(0, -1),
      );

  for (const name of names)
    it(name, async () => {
      const { reason, says } = all.find(({ pod }) => pod.metadata.name === name) ?? {
        reason: '',
        says: /^no such case/,
      };
      const text = await eventually(() => {
        const found = told(name, reason).find((line) => says.test(line));
        expect(found, told(name, reason).join('\n')).not.to.equal(undefined);
        return found;
      }, 60_000);
      // Said again it has the same text, or the kubelet could not count it: an event for each try.
      if (text?.includes('pull') === false)
        await eventually(
          () => expect(told(name, reason).filter((line) => line === text)).to.have.length.above(1),
          60_000,
        );
    });

  it('and all of it goes, with nothing left of any try', async () => {
    expect(all.map(({ pod }) => pod.metadata.name)).to.deep.equal(names);
    for (const name of names) node.remove(name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
  });
});
