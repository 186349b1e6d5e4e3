import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { startNode } from '../fixtures/kubelet/node.ts';
import type { TestNode } from '../fixtures/kubelet/node.ts';
import type { StaticPod } from '../fixtures/kubelet/static-pod.ts';
import { events, isReady, logLines, runIn, viewOf } from '../fixtures/kubelet/views.ts';
import { eventually } from '../fixtures/pods.ts';
import * as pods from './manifests/volumes.ts';

describe('a real kubelet mounts volumes', function () {
  this.timeout(120_000);
  let node: TestNode;
  let socket: Server;
  let all: readonly StaticPod[];
  const at = (name: string) => join(node.shared, name);
  before(async function () {
    this.timeout(600_000);
    node = await startNode({ verbosity: 3 });
    for (const name of ['directory', 'any-directory', 'propagated/inner']) mkdirSync(at(name), { recursive: true });
    for (const name of ['file', 'any-file']) writeFileSync(at(name), `content of ${name}\n`);
    symlinkSync('/etc', at('way-out'));
    execFileSync('mknod', [at('char-device'), 'c', '1', '3']);
    execFileSync('mknod', [at('block-device'), 'b', '7', '0']);
    socket = createServer().listen(at('socket'));
    // What propagates is a mount that is shared.
    execFileSync('mount', ['-t', 'tmpfs', 'cricket-test', at('propagated')]);
    execFileSync('mount', ['--make-shared', at('propagated')]);
    for (const name of ['inner', 'later', 'from-pod']) mkdirSync(at(`propagated/${name}`));
    execFileSync('mount', ['-t', 'tmpfs', 'cricket-test', at('propagated/inner')]);
    all = [
      pods.pathsPod(node.shared),
      pods.emptyPod(),
      pods.downwardPod(),
      pods.subPathPod(node.shared),
      pods.outPod(node.shared),
      pods.propagationPod('private', at('propagated'), 'None'),
      pods.propagationPod('slave', at('propagated'), 'HostToContainer'),
      pods.propagationPod('both', at('propagated'), 'Bidirectional'),
      pods.readOnlyPod(at('propagated')),
      pods.imagePod(node.registry),
    ];
    for (const pod of all) node.run(pod.metadata.name, pod);
  });
  after(async () => {
    socket.close();
    for (const name of ['propagated/later', 'propagated/from-pod', 'propagated/inner', 'propagated'])
      try {
        execFileSync('umount', ['-l', at(name)], { stdio: 'ignore' });
      } catch {
        // Not mounted: the test that does so did not come that far.
      }
    await node[Symbol.asyncDispose]();
  });

  const ready = async (name: string) =>
    eventually(async () => {
      const seen = await viewOf(node.kubelet(), name);
      expect(isReady(seen.pod), `${name} is ready`).to.equal(true);
      return seen;
    }, 60_000);
  const inPod = async (name: string, script: string, container = 'main') =>
    runIn(node.kubelet(), name, script, container);

  for (const [path, { type, is }] of Object.entries(pods.paths))
    it(`hostPath ${type === '' ? 'of no type' : type}: ${path}`, async () => {
      await ready('paths');
      expect(await inPod('paths', `test ${is} /paths/${path} && echo yes`)).to.equal('yes\n');
    });

  it('what a hostPath has, both ways', async () => {
    expect(await inPod('paths', 'cat /paths/file')).to.equal('content of file\n');
    await inPod(
      'paths',
      'echo from-the-pod > /paths/made-file; echo too > /paths/made/directory/x; echo x > /paths/char-device',
    );
    expect(readFileSync(at('made-file'), 'utf8')).to.equal('from-the-pod\n');
    expect(readFileSync(at('made/directory/x'), 'utf8')).to.equal('too\n');
  });

  it('emptyDir on disk and in memory, shared by containers', async () => {
    await ready('empty');
    await inPod('empty', 'echo 1 > /disk/x; echo 2 > /memory/x; echo 3 > "/with space/und Ümlaut/x"');
    expect(await inPod('empty', 'cat /disk/x /memory/x /with?space/und*/x', 'other')).to.equal('1\n2\n3\n');
    const types = await inPod('empty', 'stat -f -c %T /disk /memory; stat -c %g:%a /disk /memory');
    expect(types).to.match(/^(?!tmpfs).*\ntmpfs\n4242:2777\n4242:3777\n$/);
  });

  it('emptyDir of a size', async () => {
    const told = await inPod(
      'empty',
      'head -c 900000 /dev/zero > /sized/a && echo fits; head -c 900000 /dev/zero > /sized/b || echo full',
    );
    expect(told).to.match(/^fits\nfull\n/);
  });

  it('the downward API, in files and in the environment', async () => {
    const { pod } = await ready('downward');
    expect(
      await inPod('downward', 'cat /about/labels; echo; cat /about/memory; echo; cat /about/notes/annotations'),
    ).to.match(/^app="downward"\n67108864\n(.*\n)*test\/note="zwei\\nZeilen mit ü \\"und\\" mehr"/m);
    const told = await inPod('downward', 'echo $POD; echo $IP; echo $NODE; echo $CPU; echo "$PLAIN"');
    expect(told.split('\n').slice(0, 5)).to.deep.equal([
      'downward-cricket-test',
      pod.status.podIP,
      'cricket-test',
      '1',
      'a=b "c" $(POD) downward-cricket-test',
    ]);
  });

  it('parts of volumes, and none that leads out', async () => {
    await ready('sub');
    await inPod('sub', 'echo x > /part/x; echo y > /own/y');
    expect(await inPod('sub', 'cat /all/a/b/x /all/pods/sub-cricket-test/y /etc/one-file')).to.equal(
      'x\ny\ncontent of file\n',
    );
    expect(await inPod('sub', 'echo z > /etc/one-file || echo refused')).to.match(/^refused\n/);
    await eventually(
      () => expect(events(node.kubelet()).join('\n')).to.match(/failed to prepare subPath.*main/),
      30_000,
    );
    expect((await viewOf(node.kubelet(), 'out')).main.state['waiting']).to.include({
      reason: 'CreateContainerConfigError',
    });
  });

  it('what is mounted later: seen only where it is wanted', async () => {
    for (const name of ['private', 'slave', 'both']) await ready(name);
    execFileSync('mount', ['-t', 'tmpfs', 'cricket-test', at('propagated/later')]);
    writeFileSync(at('propagated/later/x'), '');
    expect(await inPod('slave', 'ls /host/later')).to.equal('x\n');
    expect(await inPod('both', 'ls /host/later')).to.equal('x\n');
    expect(await inPod('private', 'ls /host/later')).to.equal('');
    await inPod('both', 'mount -t tmpfs cricket-test /host/from-pod && echo y > /host/from-pod/y');
    expect(existsSync(at('propagated/from-pod/y'))).to.equal(true);
    expect(await inPod('slave', 'ls /host/from-pod')).to.equal('y\n');
    expect(await inPod('private', 'ls /host/from-pod')).to.equal('');
    await inPod('slave', 'mkdir /host/mine; mount -t tmpfs cricket-test /host/mine && echo z > /host/mine/z');
    expect(existsSync(at('propagated/mine/z'))).to.equal(false);
  });

  it('read-only volumes, and a read-only root', async () => {
    await ready('read-only');
    const tries = 'for d in /plain /plain/inner / /tmp; do (echo > $d/x) 2>/dev/null && echo $d; done; true';
    // What is mounted below has a say of its own: that is what `recursiveReadOnly` is for.
    expect(await inPod('read-only', tries)).to.equal('/plain/inner\n');
  });

  it('the files of an image', async () => {
    await ready('image');
    const files = await inPod('image', 'ls /image; ls /part');
    expect(files).to.contain('bin\n');
    expect(files).to.contain('passwd\n');
    expect(await inPod('image', 'echo > /image/x || echo refused')).to.match(/^refused\n/);
  });

  it('and all of it goes', async () => {
    for (const { metadata } of all) node.remove(metadata.name);
    await eventually(async () => expect(await node.kubelet().pods()).to.deep.equal([]), 60_000);
    await eventually(async () => expect(await node.cricket.left()).to.deep.equal([]), 90_000);
    expect(logLines(node.kubelet(), /code = (Internal|Unimplemented)/)).to.deep.equal([]);
  });
});
