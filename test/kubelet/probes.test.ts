import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { containerCgroups, listCgroups } from '../fixtures/kubelet/cgroups.ts';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { sleeping, staticPod } from '../fixtures/kubelet/static-pod.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { isReady, kubeletLog, logLines, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';

const often = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5 };
const listening = 'while :; do [ -e /tmp/open ] && nc -l -p 8081 </dev/null; sleep 0.1; done';

function pods(shared: string): readonly StaticPod[] {
  const host = { name: 'host', hostPath: { path: '/', type: 'Directory' } };
  const health = [process.execPath, join(import.meta.dirname, 'grpc-health.ts'), '8082', join(shared, 'serving')];
  return [
    staticPod({
      name: 'exec',
      script: `touch /tmp/alive; ${sleeping}`,
      container: {
        readinessProbe: { ...often, exec: { command: ['test', '-e', '/tmp/ready'] } },
        livenessProbe: { ...often, exec: { command: ['test', '-e', '/tmp/alive'] }, initialDelaySeconds: 1 },
      },
    }),
    staticPod({
      name: 'http',
      script: 'exec httpd -f -p 8080 -h /tmp',
      container: { readinessProbe: { ...often, httpGet: { path: '/ready', port: 8080 } } },
    }),
    staticPod({
      name: 'tcp',
      script: listening,
      container: { readinessProbe: { ...often, tcpSocket: { port: 8081 } } },
    }),
    staticPod({
      name: 'grpc',
      script: '',
      spec: { volumes: [host] },
      container: {
        command: ['chroot', '/host', ...health],
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }],
        readinessProbe: { ...often, grpc: { port: 8082 } },
      },
    }),
    staticPod({
      name: 'slow-probe',
      script: sleeping,
      container: {
        readinessProbe: { ...often, timeoutSeconds: 1, exec: { command: ['sh', '-c', 'sleep 4242; true'] } },
      },
    }),
    staticPod({
      name: 'loud-probe',
      script: sleeping,
      container: {
        readinessProbe: { ...often, exec: { command: ['sh', '-c', 'yes | head -c 20000000; echo; true'] } },
      },
    }),
    staticPod({
      name: 'startup',
      script: `rm -f /tmp/up; ${sleeping}`,
      container: {
        startupProbe: { ...often, failureThreshold: 100, exec: { command: ['test', '-e', '/tmp/up'] } },
        // Would end it at once, were it asked before the other went well.
        livenessProbe: { ...often, exec: { command: ['test', '-e', '/tmp/up'] } },
      },
    }),
  ];
}

describe('a real kubelet probes containers', function () {
  this.timeout(120_000);
  let node: TestNode;
  before(async function () {
    this.timeout(600_000);
    node = await startNode({ verbosity: 3 });
    for (const pod of pods(node.shared)) node.run(pod.metadata.name, pod);
  });
  after(async () => node[Symbol.asyncDispose]());

  const view = async (name: string) => viewOf(node.kubelet(), name);
  const inPod = async (name: string, script: string) => runIn(node.kubelet(), name, script);
  const running = async (name: string) =>
    eventually(async () => {
      const seen = await view(name);
      expect(seen.main.state).to.have.property('running');
      return seen;
    }, 60_000);
  const ready = async (name: string, wanted: boolean) =>
    eventually(async () => {
      const seen = await view(name);
      expect(isReady(seen.pod), `${name} is ready`).to.equal(wanted);
      return seen;
    }, 60_000);
  /** `kubelet_probe…total` of a pod with one result. */
  const probes = async (name: string, result: string) => {
    const text = await (await fetch(`${node.kubelet().readOnlyUrl}/metrics/probes`)).text();
    const rows = text
      .split('\n')
      .filter((row) => row.startsWith('prober_probe_total') && row.includes(`pod="${name}-`));
    const counts = rows.filter((row) => row.includes(`result="${result}"`)).map((row) => Number(row.split(' ').at(-1)));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  it('by a command', async () => {
    await running('exec');
    await eventually(async () => expect(await probes('exec', 'failed')).to.be.greaterThan(0), 60_000);
    expect(isReady((await view('exec')).pod)).to.equal(false);
    await inPod('exec', 'touch /tmp/ready');
    const { main } = await ready('exec', true);
    expect(main.restartCount).to.equal(0);
    await inPod('exec', 'rm /tmp/ready');
    await ready('exec', false);
  });

  it('and starts it again when it no longer lives', async () => {
    const before = (await view('exec')).main.containerID;
    await inPod('exec', 'rm /tmp/alive');
    const main = await eventually(async () => {
      const seen = (await view('exec')).main;
      expect(seen.restartCount).to.equal(1);
      expect(seen.state).to.have.property('running');
      return seen;
    }, 90_000);
    expect(main.containerID).not.to.equal(before);
    expect(main.lastState['terminated']).to.include({ exitCode: 0, reason: 'Completed' });
  });

  it('by HTTP', async () => {
    await running('http');
    await eventually(async () => expect(await probes('http', 'failed')).to.be.greaterThan(0), 60_000);
    await inPod('http', 'touch /tmp/ready');
    await ready('http', true);
    await inPod('http', 'rm /tmp/ready');
    await ready('http', false);
  });

  it('by a connection', async () => {
    await running('tcp');
    await eventually(async () => expect(await probes('tcp', 'failed')).to.be.greaterThan(0), 60_000);
    await inPod('tcp', 'touch /tmp/open');
    await ready('tcp', true);
    await inPod('tcp', 'rm /tmp/open');
    await ready('tcp', false);
  });

  it('by gRPC', async () => {
    await running('grpc');
    await eventually(async () => expect(await probes('grpc', 'failed')).to.be.greaterThan(0), 60_000);
    writeFileSync(join(node.shared, 'serving'), '');
    await ready('grpc', true);
    rmSync(join(node.shared, 'serving'));
    await ready('grpc', false);
  });

  it('by a command that takes too long: it fails, and leaves no process', async () => {
    const { main } = await running('slow-probe');
    const id = main.containerID?.split('//')[1] ?? '?';
    await eventually(async () => expect(await probes('slow-probe', 'failed')).to.be.at.least(4), 60_000);
    expect(isReady((await view('slow-probe')).pod)).to.equal(false);
    // One may be running just now, with its shell.
    const sleepers = () => commandsIn(node.cgroupRoot, id).filter((command) => command.startsWith('sleep 4242'));
    expect(sleepers()).to.have.length.at.most(1);
    await eventually(() => expect(sleepers()).to.deep.equal([]), 30_000);
    expect(kubeletLog(node.kubelet())).to.match(/Probe failed.*slow-probe.*timed out after 1s/);
    expect((await view('slow-probe')).main.restartCount).to.equal(0);
  });

  it('by a command that says more than anybody wants to read', async () => {
    await ready('loud-probe', true);
  });

  it('for its beginning, and not for its life before that', async () => {
    const before = await running('startup');
    await eventually(async () => expect(await probes('startup', 'failed')).to.be.at.least(3), 60_000);
    expect((await view('startup')).main).to.include({ started: false, restartCount: 0 });
    await inPod('startup', 'touch /tmp/up');
    await eventually(async () => expect((await view('startup')).main.started).to.equal(true), 60_000);
    await ready('startup', true);
    expect((await view('startup')).main).to.include({ restartCount: 0, containerID: before.main.containerID });
  });

  it('and all of it goes', async () => {
    for (const { metadata } of pods(node.shared)) node.remove(metadata.name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});

/** Command lines of the processes in the cgroups of a container. */
function commandsIn(cgroupRoot: string, id: string): string[] {
  const own = containerCgroups(cgroupRoot, id);
  // What is run in it beside its own processes is in groups below.
  const groups = listCgroups(cgroupRoot).filter((path) => own.some((group) => `${path}/`.startsWith(`${group}/`)));
  const pids = new Set(groups.flatMap((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n')));
  return [...pids].flatMap((pid) => {
    try {
      return pid === '' ? [] : [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}
