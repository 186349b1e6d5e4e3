import { expect } from 'chai';
import fc from 'fast-check';
import { MountPropagation, PodSandboxConfig } from '../../../../api/cri/v1/api.ts';
import type { ContainerConfig } from '../../../../api/cri/v1/api.ts';
import { containerConfig } from '../../../../hack/lib/cri-messages.ts';
import { parseCheckpoint } from '../../../base/checkpoint.ts';
import { CricketError } from '../../../base/errors.ts';
import { newContainerId, newPodId } from '../../../base/ids.ts';
import { containerRecordKind } from '../../../sandbox/container/record.ts';
import type { ContainerConfig as Settled } from '../../../sandbox/container/record.ts';
import { parseContainerConfig } from './container-config.ts';
import { parsePodConfig } from './pod-config.ts';

const pod = parsePodConfig({
  ...PodSandboxConfig.decode(new Uint8Array()),
  ...{ metadata: { name: 'p', uid: '', namespace: '', attempt: 0 }, logDirectory: '/var/log/pods/p' },
});
const good = containerConfig({ name: 'c', image: 'busybox' });
const parse = (fields: Partial<ContainerConfig>) => parseContainerConfig({ ...good, ...fields }, pod);

const nasty = fc.oneof(
  fc.constantFrom('', '..', '/', '/a/../b', 'a\0b', '\n', '../../x', 'a//b', '/etc/passwd', '�', 'x'.repeat(5000)),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
/** Decoded maps never have `__proto__`. */
const key = nasty.filter((text) => text !== '__proto__');
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const number = maybe(fc.record({ value: fc.oneof(int64, fc.bigInt({ min: 0n, max: 2n ** 32n })) }));
const changes = fc.record({
  metadata: maybe(fc.record({ name: nasty, attempt: fc.nat() })),
  command: fc.array(nasty, { maxLength: 3 }),
  args: fc.array(nasty, { maxLength: 3 }),
  workingDir: nasty,
  logPath: nasty,
  envs: fc.array(fc.record({ key: nasty, value: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) })),
  stopSignal: fc.integer({ min: -1, max: 80 }),
  labels: fc.dictionary(key, nasty, { maxKeys: 2 }),
  user: fc.record({ runAsUser: number, runAsGroup: number, runAsUsername: nasty }),
  shares: int64,
  memory: int64,
  score: int64,
  cpuset: nasty,
});
type Changes = Partial<typeof changes extends fc.Arbitrary<infer T> ? T : never>;
/** One or two at a time: with all of them at once nothing would ever be good. */
const change = changes.chain((all): fc.Arbitrary<Changes> =>
  fc
    .subarray(Object.keys(all) as (keyof typeof all)[], { minLength: 1, maxLength: 2 })
    .map((keys) => Object.fromEntries(keys.map((key) => [key, all[key]]))),
);
const anyConfig = change.map(({ user, shares, memory, score, cpuset, ...fields }): ContainerConfig => {
  const linux = good.linux;
  const empty = containerConfig({ name: 'c', image: 'x', resources: {} }).linux?.resources;
  if (linux?.securityContext === undefined || empty === undefined) throw new Error('the builder left it out');
  const resources = {
    ...empty,
    ...{
      cpuShares: shares ?? 0n,
      memoryLimitInBytes: memory ?? 0n,
      oomScoreAdj: score ?? 0n,
      cpusetCpus: cpuset ?? '',
    },
  };
  const changed = { ...linux, resources, securityContext: { ...linux.securityContext, ...user } };
  return { ...good, ...(fields as Partial<ContainerConfig>), linux: changed };
});

describe('parseContainerConfig', () => {
  it('decides every default', () => {
    const settled = parse({ linux: undefined, logPath: '' });
    expect(settled).to.deep.include({ logPath: '', pid: 'container', stopSignal: '', privileged: false });
    expect(settled.user).to.deep.equal({
      ...{ uid: null, gid: null, username: '', supplementalGroups: [], mergeImageGroups: true },
    });
    expect(settled.seccomp).to.deep.equal({ kind: 'unconfined', reference: '' });
  });

  it('joins the log path to the directory of its pod, and to no other', () => {
    expect(parse({ logPath: 'c/0.log' }).logPath).to.equal('/var/log/pods/p/c/0.log');
    for (const logPath of ['../x', '/..', 'a/../../p2/x', '.'])
      expect(() => parse({ logPath }), logPath)
        .to.throw('leaves the log directory')
        .with.property('code', 'invalid_argument');
    expect(parseContainerConfig({ ...good, logPath: 'x' }, { ...pod, logDirectory: '' }).logPath).to.equal('');
  });

  it('knows three propagations', () => {
    const mount = containerConfig({ name: 'c', image: 'x', mounts: [{ hostPath: '/a', containerPath: '/b' }] })
      .mounts[0];
    if (mount === undefined) throw new Error('the builder left it out');
    const kinds = Object.values(MountPropagation).filter((value) => value >= 0);
    const parsed = parse({ mounts: kinds.map((propagation) => ({ ...mount, propagation })) });
    expect(parsed.mounts.map(({ propagation }) => propagation)).to.have.members(['private', 'rslave', 'rshared']);
  });

  it('settles any message, or refuses it by a code that blames the caller', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const settled = settledOrRefused(config);
        if (settled === undefined) return;
        expect(settled.logPath).to.match(/^$|^\/var\/log\/pods\/p\/(?!.*\.\.\/)./s);
        expect(settled.resources.oomScoreAdj).to.be.within(-1000, 1000);
        expect(settled.resources.memoryLimitBytes).to.satisfy(Number.isSafeInteger);
        expect(settled.user.uid ?? 0).to.be.within(0, 2 ** 32 - 2);
        expect(JSON.stringify(settled)).not.to.contain('\\u0000');
      }),
      { numRuns: 1000 },
    );
  });

  it('gives what a record on disk gives back unaltered', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const settled = settledOrRefused(config);
        if (settled !== undefined) expect(throughDisk(settled)).to.deep.equal(settled);
      }),
      { numRuns: 1000 },
    );
  });
});

function settledOrRefused(config: ContainerConfig): Settled | undefined {
  try {
    return parseContainerConfig(config, pod);
  } catch (error) {
    expect(error).to.be.instanceOf(CricketError);
    expect((error as CricketError).code).to.be.oneOf(['invalid_argument', 'unimplemented']);
    return undefined;
  }
}

function throughDisk(config: Settled): Settled {
  const data = {
    ...{ id: newContainerId(), podId: newPodId(), config, imageId: `sha256:${newPodId()}`, imageRef: 'x', handler: '' },
    ...{ createdAt: '1', cgroup: '/a', stopSignal: 15, bootId: '' },
  };
  const text = JSON.stringify({ kind: containerRecordKind.name, version: containerRecordKind.version, data });
  return parseCheckpoint(containerRecordKind, 'container.json', text).config;
}
