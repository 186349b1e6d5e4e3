import { expect } from 'chai';
import { demoReference, startCricket } from '../fixtures/daemon.ts';
import type { Cricket } from '../fixtures/daemon.ts';
import { eventually, exited, runContainer, runPod } from '../fixtures/pods.ts';
import { inTerminal } from '../fixtures/terminal.ts';
import { program } from './hands-on.ts';

describe('cricket prune', function () {
  this.timeout(120_000);
  let cricket: Cricket;
  before(async () => {
    cricket = await startCricket();
  });
  after(async () => cricket.stop());
  const { cli, here, line } = program(() => cricket);

  const prune = async (...args: readonly string[]) => {
    const { out } = await here('prune', '--format', 'json', ...args);
    const { removed } = JSON.parse(out) as { readonly removed: readonly { readonly name: string }[] };
    return removed.map(({ name }) => name).sort();
  };

  it('tells what would go and asks on a terminal; all but a yes leaves everything as it was', async () => {
    expect((await cli('run', '--name', 'asked', demoReference, 'true')).code).to.equal(0);
    const answer = async (keys: string) => {
      await using terminal = await inTerminal(line('prune', 'containers'), 100, 30);
      const asks = /would remove container \S+ asked\s[^]*Remove them\? \[y\/N\] /;
      await eventually(() => expect(terminal.output()).to.match(asks), 20_000);
      terminal.type(keys);
      await terminal.ended();
      return terminal.output();
    };
    for (const keys of ['\r', 'no\r', '\u0003', '\u0004']) {
      expect(await answer(keys), JSON.stringify(keys)).to.match(/nothing was removed\s+exit=1\s[^]* icanon /);
      expect(await prune('containers', '--dry-run')).to.deep.equal(['asked']);
    }
    expect(await answer('y\r')).to.match(/removed container \S+ asked\s+exit=0\s/);
    expect(await prune('containers', '--dry-run')).to.deep.equal([]);
  });

  it('takes what has ended, by age and label, only tells with --dry-run, and never what runs', async () => {
    for (const [name, ...flags] of [
      ['ended', '-l', 'team=a'],
      ['other', '-l', 'team=b'],
    ] as const)
      expect((await cli('run', '--name', name, ...flags, demoReference, 'true')).code).to.equal(0);
    expect((await here('run', '-d', '--name', 'runs', demoReference, 'sleep', '600')).code).to.equal(0);
    const pod = await runPod(cricket, { name: 'of-cri' });
    const ended = await runContainer(cricket, pod, { name: 'of-cri', command: ['true'] });
    await exited(cricket, ended.id);
    const refused = await cli('prune', 'containers');
    expect([refused.code, refused.err]).to.deep.equal([
      1,
      'cricket: 2 would go; say --force, or --dry-run to see which\n',
    ]);
    expect(await prune('containers', '--dry-run')).to.deep.equal(['ended', 'other']);
    expect(await prune('containers', '--dry-run', '--all')).to.deep.equal(['ended', 'of-cri', 'other']);
    expect(await prune('containers', '--force', '--older-than', '1h')).to.deep.equal([]);
    expect(await prune('containers', '--force', '--label', 'team=a')).to.deep.equal(['ended']);
    expect(await prune('--force'), 'images with a name stay').to.deep.equal(['other']);
    expect((await here('prune', '-f')).out).to.equal('nothing to remove\n');
    expect(await prune('pods', '-f')).to.deep.equal([]);
    await cricket.client.runtime.stopPodSandbox({ podSandboxId: pod.id });
    expect(await prune('pods', '-f')).to.deep.equal(['default/of-cri']);
    expect((await cricket.client.runtime.listPodSandbox()).items).to.deep.equal([]);
    expect(await prune('images', '-f', '--all'), 'in use').to.deep.equal([]);
    expect((await here('ps', '-aq')).out.trim().split('\n')).to.have.length(1);
    expect((await here('rm', '-f', 'runs')).code).to.equal(0);
    expect((await here('prune', 'networks')).code).to.equal(2);
    expect((await here('prune', 'images', '--label', 'a')).err).to.match(/--label is of containers and pods/);
  });
});
