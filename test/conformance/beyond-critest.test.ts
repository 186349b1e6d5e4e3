import { expect } from 'chai';
import { ContainerState, PodSandboxConfig, PodSandboxState, Signal } from '../../api/cri/v1/api.ts';
import { filled } from '../../hack/lib/cri-client.ts';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import {
  containerStatus,
  eventually,
  exited,
  podStatus,
  readLog,
  removePod,
  runContainer,
  runPod,
} from '../fixtures/pods.ts';

interface Info {
  readonly pid: number;
  readonly sandboxID?: string;
  readonly config: {
    readonly metadata: { readonly name: string };
    readonly envs?: readonly { readonly key: string; readonly value: string }[];
  };
  readonly runtimeSpec: {
    readonly process?: { readonly args: readonly string[] };
    readonly linux: { readonly namespaces: readonly { readonly type: string; readonly path?: string }[] };
  };
}

describe('what critest does not ask', function () {
  this.timeout(30_000);
  const stack = new AsyncDisposableStack();
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
    stack.defer(async () => cricket.stop());
  });
  after(async () => stack.disposeAsync());

  const info = async (answer: Promise<{ info: Record<string, string> }>) =>
    JSON.parse((await answer).info['info'] ?? '') as Info;
  const run = async (containerId: string, ...cmd: string[]) => {
    const { stdout, exitCode } = await cricket.client.runtime.execSync({ containerId, cmd, timeout: 10n });
    return `${exitCode} ${stdout.toString().trim()}`;
  };

  it('makes a pod of nothing but a name', async () => {
    const metadata = { name: 'bare', uid: '', namespace: '', attempt: 0 };
    const config = { ...filled(PodSandboxConfig), metadata };
    const { podSandboxId } = await cricket.client.runtime.runPodSandbox({ config });
    const { state, network, linux } = await podStatus(cricket, podSandboxId);
    expect(state).to.equal(PodSandboxState.SANDBOX_READY);
    expect(network?.ip).to.match(/^10\./);
    expect(linux?.namespaces?.options).to.include({ network: 0, ipc: 0, pid: 1 });
    await removePod(cricket, podSandboxId);
  });

  it('shows pid, sandbox, configuration and specification where crictl inspect has them', async () => {
    const pod = await runPod(cricket, { name: 'shown' });
    const container = await runContainer(cricket, pod, { name: 'one', env: { PLACE: 'a=b' } });
    const { runtime } = cricket.client;
    // Both by the short form that people copy from a list.
    const shown = await info(runtime.containerStatus({ containerId: container.id.slice(0, 13), verbose: true }));
    const sandbox = await info(runtime.podSandboxStatus({ podSandboxId: pod.id.slice(0, 13), verbose: true }));
    expect(shown).to.include({ sandboxID: pod.id });
    expect(shown.pid).to.be.greaterThan(1);
    expect(shown.config.metadata.name).to.equal('one');
    expect(shown.config.envs).to.deep.include({ key: 'PLACE', value: 'a=b' });
    expect(shown.runtimeSpec.process?.args[0]).to.equal('sh');
    expect(sandbox.config.metadata.name).to.equal('shown');
    const net = ({ runtimeSpec }: Info) => runtimeSpec.linux.namespaces.find(({ type }) => type === 'network')?.path;
    expect(net(sandbox)).to.match(/^\/run\/netns\/cricket-/);
    expect(net(shown)).to.equal(net(sandbox));
    await removePod(cricket, pod.id);
  });

  it('ends a program by its stop signal though that came before the handler', async () => {
    const pod = await runPod(cricket, { name: 'late' });
    const script = 'sleep 1; trap "exit 7" TERM; while :; do sleep 0.1; done';
    const { id } = await runContainer(cricket, pod, { name: 'one', command: ['sh', '-c', script] });
    expect((await containerStatus(cricket, id)).stopSignal).to.equal(Signal.SIGNAL_SIGTERM);
    await cricket.client.runtime.stopContainer({ containerId: id, timeout: 20n });
    expect(await containerStatus(cricket, id)).to.include({ state: ContainerState.CONTAINER_EXITED, exitCode: 7 });
    await removePod(cricket, pod.id);
  });

  it('lives a whole life under runc as the second handler, a restart of the daemon included', async () => {
    const pod = await runPod(cricket, { name: 'second' }, 'runc');
    const { id, logPath } = await runContainer(cricket, pod, {
      name: 'one',
      command: ['sh', '-c', 'trap "exit 3" TERM; echo begun; while :; do sleep 0.1; done'],
    });
    expect((await podStatus(cricket, pod.id)).runtimeHandler).to.equal('runc');
    await eventually(() => expect(readLog(logPath).map(({ text }) => text)).to.deep.equal(['begun']));
    expect(await run(id, 'sh', '-c', 'echo inside; exit 4')).to.equal('4 inside');
    await cricket.restart();
    expect(await run(id, 'echo', 'still')).to.equal('0 still');
    await cricket.client.runtime.stopContainer({ containerId: id, timeout: 10n });
    expect(await exited(cricket, id)).to.include({ exitCode: 3, reason: 'Error' });
    const wrong = await runContainer(cricket, pod, { name: 'two', command: ['/no/such/program'] }).catch(String);
    expect(wrong).to.match(/no such file|not found/);
    await removePod(cricket, pod.id);
    expect(await cricket.left()).to.deep.equal([]);
  });
});
