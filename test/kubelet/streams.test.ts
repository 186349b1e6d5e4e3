import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import { staticPod } from '../fixtures/kubelet/static-pod.ts';
import { follow } from '../fixtures/kubelet/ask.ts';
import { isReady, logLines, logOf, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';
import { connectChannels } from '../integration/streaming/websocket-client.ts';
import type { ChannelClient } from '../integration/streaming/websocket-client.ts';

/** Channels of exec and attach (k8s.io/apimachinery, remotecommand). */
const [stdin, stdout, stderr, status, resize] = [0, 1, 2, 3, 4] as const;
const port = randomInt(20_000, 60_000);

const echoing = staticPod({
  name: 'echoing',
  script: `while :; do nc -l -p ${port} -e cat; done & echo begun; while read line; do echo "heard $line"; done; exec sleep 100000`,
  container: { stdin: true },
});

for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io'])
  describe(`a real kubelet passes streams on, ${protocol}`, function () {
    this.timeout(60_000);
    let node: TestNode;
    before(async function () {
      this.timeout(600_000);
      node = await startNode();
      node.run('echoing', echoing);
      await eventually(async () => {
        expect(isReady((await viewOf(node.kubelet(), 'echoing')).pod), 'ready').to.equal(true);
      }, 90_000);
    });
    after(async () => node[Symbol.asyncDispose]());

    const open = async (verb: string, query: readonly (readonly [string, string])[]): Promise<ChannelClient> => {
      const { apiUrl, nodeName } = node.kubelet();
      const container = verb === 'portForward' ? '' : '/main';
      const search = new URLSearchParams(query.map(([key, value]): [string, string] => [key, value])).toString();
      const url = `${apiUrl}/${verb}/default/echoing-${nodeName}${container}?${search}`;
      return connectChannels(url, protocol);
    };
    const exec = async (...command: readonly string[]) =>
      open('exec', [['output', '1'], ['error', '1'], ...command.map((word) => ['command', word] as const)]);

    it('of a command: both outputs and the exit code', async () => {
      const client = await exec('sh', '-c', 'echo to out; echo to err >&2; exit 7');
      await client.closed;
      expect([client.text(stdout), client.text(stderr)]).to.deep.equal(['to out\n', 'to err\n']);
      const told = JSON.parse(client.text(status)) as { readonly reason: string; readonly details: object };
      expect(told.reason).to.equal('NonZeroExitCode');
      expect(told.details).to.deep.equal({ causes: [{ reason: 'ExitCode', message: '7' }] });
    });

    it('of a command with ten megabytes to say', async () => {
      const client = await exec('head', '-c', '10000000', '/dev/zero');
      await client.closed;
      expect(client.text(stdout).length).to.equal(10_000_000);
      expect(JSON.parse(client.text(status))).to.include({ status: 'Success' });
    });

    it('of a terminal, with its size', async () => {
      const query = [
        ['input', '1'],
        ['output', '1'],
        ['tty', '1'],
        ['command', 'sh'],
      ] as const;
      const client = await open('exec', query);
      client.send(resize, JSON.stringify({ Width: 93, Height: 31 }));
      await eventually(() => {
        client.send(stdin, 'stty size\n');
        expect(client.text(stdout)).to.contain('31 93');
      }, 20_000);
      client.send(stdin, 'exit 4\n');
      await client.closed;
      expect(client.text(status)).to.contain('"message":"4"');
    });

    it('of the container itself', async () => {
      const client = await open('attach', [
        ['input', '1'],
        ['output', '1'],
        ['error', '1'],
      ]);
      client.send(stdin, 'a line\n');
      await eventually(() => expect(client.text(stdout)).to.equal('heard a line\n'), 20_000);
      client.socket.terminate();
      expect(await logOf(node.kubelet(), 'echoing')).to.match(/heard a line\n$/);
    });

    it('of its log, as it grows', async () => {
      const { nodeName } = node.kubelet();
      const stream = follow(node.kubelet(), `/containerLogs/default/echoing-${nodeName}/main?follow=true`);
      await eventually(() => expect(stream.text()).to.match(/^begun\n/), 20_000);
      const client = await open('attach', [
        ['input', '1'],
        ['output', '1'],
      ]);
      client.send(stdin, 'one more\n');
      await eventually(() => expect(stream.text()).to.match(/heard one more\n$/), 20_000);
      client.socket.terminate();
      stream.stop();
    });

    if (protocol.startsWith('v4'))
      it('of a port', async () => {
        const client = await open('portForward', [['port', String(port)]]);
        // The first two bytes of each channel are the port.
        await eventually(() => expect(client.text(0).length).to.equal(2), 20_000);
        client.send(0, 'there and back');
        await eventually(() => expect(client.text(0).slice(2)).to.equal('there and back'), 20_000);
        client.socket.terminate();
      });

    it('without a complaint', () => {
      expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
    });
  });
