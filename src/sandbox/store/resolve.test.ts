import { expect } from 'chai';
import fc from 'fast-check';
import type { ContainerId, PodId } from '../../base/ids.ts';
import { silentLogger } from '../../base/log.ts';
import { findContainer, findPod, requireContainer, requirePod } from './resolve.ts';
import type { Container, Pod, Store } from './store.ts';
import { Tracked } from './tracked.ts';

type Known = Pick<Store, 'pods' | 'containers' | 'unreadable'>;
const object = (id: string, kind: string): unknown =>
  new Tracked<{ id: string }, { kind: string }, never>({
    ...{ record: { id }, state: { kind }, step: (state) => state, save: async () => undefined, log: silentLogger() },
  });

function storeOf(ids: readonly string[], kind = 'ready'): Known {
  return {
    pods: new Map(ids.map((id) => [id as PodId, object(id, kind) as Pod])),
    containers: new Map(ids.map((id) => [id as ContainerId, object(id, kind) as Container])),
    unreadable: new Map(),
  };
}

const hex = fc.string({
  unit: fc.constantFrom(...('0123456789abcdef'.match(/./g) ?? [])),
  minLength: 64,
  maxLength: 64,
});

describe('an id as people type it', () => {
  it('is found by every prefix that only it has, and ambiguous by the others', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(hex, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 64 }),
        (ids, length) => {
          const store = storeOf(ids);
          for (const id of ids) {
            const prefix = id.slice(0, length);
            const fitting = ids.filter((other) => other.startsWith(prefix));
            if (fitting.length === 1) expect(findPod(store, prefix)?.record.id).to.equal(id);
            else
              expect(() => findContainer(store, prefix))
                .to.throw('is ambiguous')
                .with.property('code', 'invalid_argument');
          }
        },
      ),
    );
  });

  it('is what it says in full, whatever else begins like it', () => {
    const long = 'a'.repeat(64);
    expect(findPod(storeOf([long, `${'a'.repeat(63)}b`]), long)?.record.id).to.equal(long);
  });

  it('names nothing that is still being made', () => {
    const id = 'a'.repeat(64);
    expect(findPod(storeOf([id], 'creating'), id)).to.equal(undefined);
    expect(findContainer(storeOf([id], 'creating'), 'a')).to.equal(undefined);
  });

  it('is refused when empty, and not found when it is no id', () => {
    const store = storeOf(['a'.repeat(64)]);
    expect(() => findPod(store, ''))
      .to.throw('empty')
      .with.property('code', 'invalid_argument');
    for (const text of ['A', 'g', '../a', '*', 'a'.repeat(65), ' a', 'a\n']) {
      expect(findPod(store, text), text).to.equal(undefined);
      expect(() => requirePod(store, text))
        .to.throw('not found')
        .with.property('code', 'not_found');
      expect(() => requireContainer(store, text))
        .to.throw('not found')
        .with.property('code', 'not_found');
    }
  });

  it('is shown cut in messages, so that no caller fills our log', () => {
    expect(() => requirePod(storeOf([]), 'x'.repeat(100_000))).to.throw(/^.{1,120}$/);
  });
});
