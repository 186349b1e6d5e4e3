import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import type { TestContainer, TestPod } from '../fixtures/pods.ts';
import { cli } from './hands-on.ts';

/** `cricket diff` as a program. */
describe('the files of a container', function () {
  this.timeout(60_000);
  let cricket: Cricket;
  let pod: TestPod;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cricket-files-'));
    cricket = await startCricket();
    pod = await runPod(cricket, { name: 'files', namespace: 'docker' });
  });
  after(async () => {
    await cricket.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const sh = async ({ id }: TestContainer, script: string) => {
    const cmd = ['sh', '-c', script];
    const { exitCode, stdout, stderr } = await eventually(async () =>
      cricket.client.runtime.execSync({ containerId: id, cmd, timeout: 20n }),
    );
    expect(exitCode, Buffer.from(stderr).toString()).to.equal(0);
    return Buffer.from(stdout).toString();
  };

  it('diff tells what was added, changed and deleted, and none of what the runtime made', async () => {
    const volume = { hostPath: dir, containerPath: '/deep/volume' };
    const made = await runContainer(cricket, pod, { name: 'changed', mounts: [volume] });
    await eventually(async () => sh(made, 'true'));
    expect((await cli(cricket, 'diff', 'changed')).out).to.equal('');
    const first = (await sh(made, 'ls /bin | head -2')).trim().split('\n');
    await sh(
      made,
      `mkdir -p /new/dir; echo x > "/new/dir/two words"; ln -s /etc /new/link; chmod 700 /bin; rm /bin/${first[0] ?? ''};
       echo in the volume > /deep/volume/file; printf x > /new/$(printf 'n\\303\\244me')`,
    );
    const { out } = await cli(cricket, 'diff', 'files/changed');
    expect(out.split('\n').slice(0, -1)).to.deep.equal([
      ...['C /bin', `D /bin/${first[0] ?? ''}`, 'A /new', 'A /new/dir', 'A /new/dir/two words', 'A /new/link'],
      'A /new/näme',
    ]);
    await sh(made, 'cp -a /bin /copy; ls /bin > /names; /copy/busybox rm -r /bin; /copy/busybox mkdir /bin');
    const { out: text } = await cli(cricket, 'diff', 'changed', '--format', 'json');
    const changes = JSON.parse(text) as readonly { readonly kind: string; readonly path: string }[];
    expect(changes)
      .to.deep.include({ kind: 'C', path: '/bin' })
      .and.deep.include({ kind: 'D', path: `/bin/${first[1] ?? ''}` });
    await cricket.client.runtime.stopContainer({ containerId: made.id, timeout: 0n });
    await exited(cricket, made.id);
    expect((await cli(cricket, 'diff', 'changed', '--format', 'json')).out).to.equal(text);
  });

  it('diff names who is not there', async () => {
    const { code, err } = await cli(cricket, 'diff', 'nobody');
    expect(code).to.equal(1);
    expect(err).to.match(/^cricket: no container has the name or id "nobody"/);
  });
});
