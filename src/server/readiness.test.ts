import { expect } from 'chai';
import { tmpdir } from 'node:os';
import { Watcher } from '../linux/watcher.ts';
import { readinessOf } from './readiness.ts';
import type { Phase } from './readiness.ts';

type ReadinessParts = Parameters<typeof readinessOf>[0];

describe('readiness', () => {
  const parts = (watcher: ReadinessParts['watcher'], changes: object = {}) =>
    ({
      network: { ready: () => ({ ready: true }) },
      runtimes: new Map([['sh', { path: '/bin/sh' }]]),
      settings: { defaultRuntime: 'sh', conmon: '/bin/sh' },
      watcher,
      ...changes,
    }) as unknown as ReadinessParts;
  const deaf = { onReadable: () => ({ [Symbol.dispose]: () => undefined }) } as unknown as Watcher;
  const problems = async (changes: object, phase: Phase = 'serving', root = tmpdir()) =>
    readinessOf(parts(deaf, changes), { root }, () => phase).problems();

  it('has nothing to tell where all is well', async () => {
    expect(await problems({})).to.deep.equal([]);
  });

  it('names each thing that keeps pods from running', async () => {
    const network = { ready: () => ({ ready: false, reason: 'NoConfig', message: 'none in /etc/cni/net.d' }) };
    const settings = { defaultRuntime: 'none', conmon: '/etc/passwd' };
    const told = await problems({ network, settings }, 'ending');
    expect(told).to.have.length(4);
    expect(told.join('\n')).to.match(
      /ending.*\npod network: NoConfig: none in .*\ndefault runtime:.*\nmonitor: \/etc\/passwd/,
    );
    expect(await problems({}, 'starting')).to.deep.equal(['the daemon is starting: CRI is not served yet']);
  });

  it('has no fault while the watcher answers', async () => {
    await using watcher = new Watcher();
    const { faults } = readinessOf(parts(watcher), { root: '/' }, () => 'serving');
    expect(await faults()).to.deep.equal([]);
    expect(await Promise.all([faults(), faults()])).to.deep.equal([[], []]);
  });

  it('tells of a watcher that does not', async function () {
    this.timeout(20_000);
    const { faults } = readinessOf(parts(deaf), { root: '/' }, () => 'serving');
    expect((await faults()).join()).to.contain('exits of containers are not seen');
  });
});
