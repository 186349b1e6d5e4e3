import { expect } from 'chai';
import { messageOf } from '../../base/errors.ts';
import type { Container, Pod } from '../../sandbox/store/store.ts';
import { findNamed } from './named-object.ts';
import type { KnownObjects, ObjectKind } from './named-object.ts';

const pod = (
  id: string,
  name: string,
  more: { readonly kind?: string; readonly at?: bigint; readonly ns?: string } = {},
) =>
  ({
    record: { id, createdAt: more.at ?? 0n, config: { name, namespace: more.ns ?? 'shop', uid: `uid-${name}` } },
    state: { kind: more.kind ?? 'ready', ips: [] },
  }) as unknown as Pod;
const container = (id: string, podId: string, name: string, kind = 'running', at = 0n) =>
  ({ record: { id, podId, createdAt: at, config: { name } }, state: { kind } }) as unknown as Container;

const pods = [
  pod('aa11', 'front'),
  pod('aa22', 'back'),
  pod('bb00', 'old', { kind: 'stopped', at: 1n }),
  pod('bb11', 'old', { kind: 'stopped', at: 2n }),
  pod('bb22', 'front', { ns: 'test' }),
  pod('ff00', 'making', { kind: 'creating' }),
];
const containers = [
  container('aa33', 'aa11', 'web'),
  container('cc11', 'aa22', 'web'),
  container('cc22', 'aa22', 'job', 'exited', 1n),
  container('cc33', 'aa22', 'job', 'exited', 2n),
  container('dd11', 'aa22', 'back'),
];
const known = {
  store: {
    pods: new Map(pods.map((each) => [each.record.id, each])),
    containers: new Map(containers.map((each) => [each.record.id, each])),
    unreadable: new Map(),
  },
  images: { find: (text: string) => (text === 'nginx:1' ? { id: 'sha256:1' } : undefined) },
} as unknown as KnownObjects;

function idOf(text: string, kinds: readonly ObjectKind[] = ['pod', 'container', 'image']): string {
  try {
    const found = findNamed(known, text, kinds);
    if (found.kind === 'pod') return found.pod.record.id;
    if (found.kind === 'container') return found.container.record.id;
    return found.kind === 'image' ? found.image.id : found.unreadable.id;
  } catch (error) {
    return messageOf(error);
  }
}

describe('a name on the control socket', () => {
  it('is an id, a name at any length, or the beginning of an id', () => {
    expect(['aa11', 'aa1', 'front/web', 'shop/front/web', 'test/front', 'dd'].map((text) => idOf(text))).to.deep.equal([
      ...['aa11', 'aa11', 'aa33', 'aa33', 'bb22', 'dd11'],
    ]);
  });

  it('of several attempts means the one that runs, else the newest', () => {
    expect(idOf('old')).to.equal('bb11');
    expect(idOf('job')).to.equal('cc33');
  });

  it('means a pod before a container, unless one kind is asked for', () => {
    expect(idOf('back')).to.equal('aa22');
    expect(idOf('back', ['container'])).to.equal('dd11');
    expect(idOf('nginx:1')).to.equal('sha256:1');
  });

  it('that could be several is told with what it could be', () => {
    expect(idOf('aa')).to.match(
      /"aa" could be pod sandbox aa11 \(shop\/front\), .*aa22.*container aa33 \(web\); say more/,
    );
    expect(idOf('web')).to.match(/"web" could be container aa33 \(web\), container cc11 \(web\)/);
    expect(idOf('front')).to.match(/"front" could be .*shop\/front.*test\/front/);
  });

  it('that is nothing, or still being made, is told', () => {
    expect(idOf('nobody')).to.match(/^no pod, container or image has the name or id "nobody"/);
    expect(idOf('making')).to.contain('no pod');
    expect(idOf('')).to.contain('empty');
  });
});
