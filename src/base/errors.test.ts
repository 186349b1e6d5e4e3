import { expect } from 'chai';
import { statSync } from 'node:fs';
import { during, errnoOf, errorFrom, fail, messageOf } from './errors.ts';
import { newContainerId, newInstanceId, newPodId, parseContainerId, parseImageId, parseInstanceId } from './ids.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('errors', () => {
  it('keep their code whatever is put in front of them', () => {
    const error = during('create pod a', fail('resource_exhausted', 'no address left'));
    expect(error).to.include({ code: 'resource_exhausted', message: 'create pod a: no address left' });
  });

  it('get a code from what was caught', () => {
    const enospc = Object.assign(new Error('write: no space'), { code: 'ENOSPC' });
    expect(errorFrom(enospc, 'save')).to.include({ code: 'resource_exhausted' });
    expect(errorFrom(enospc, 'save').message).to.equal('save: write: no space; free space on that disk');
    expect(errorFrom(AbortSignal.abort().reason).code).to.equal('cancelled');
    expect(errorFrom(new DOMException('late', 'TimeoutError')).code).to.equal('deadline_exceeded');
    expect(errorFrom('a text', 'parse')).to.include({ code: 'internal', message: 'parse: a text' });
  });

  it('tell the errno of a system error, through one of ours too', () => {
    const system = thrownBy(() => statSync('/nonexistent/path'));
    expect(errnoOf(system)).to.equal('ENOENT');
    expect(errnoOf(fail('not_found', 'x', system))).to.equal('ENOENT');
    expect([errnoOf(fail('not_found', 'x')), errnoOf('ENOENT'), errnoOf({ code: 5 })]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    expect(messageOf(7)).to.equal('7');
  });
});

describe('ids', () => {
  it('are what their own parser takes, and never twice the same', () => {
    const pods = new Set(Array.from({ length: 100 }, newPodId));
    expect(pods.size).to.equal(100);
    expect(parseContainerId(newContainerId())).to.match(/^[0-9a-f]{64}$/);
    expect(parseInstanceId(newInstanceId())).to.match(/^[0-9a-f]{4}$/);
    expect(parseImageId(`sha256:${newPodId()}`)).to.have.length(71);
  });

  for (const text of ['', 'abc', 'A'.repeat(64), `${'a'.repeat(63)}/`, `${'a'.repeat(64)}\n`, '../'.repeat(21) + 'a'])
    it(`are not ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(() => parseContainerId(text))
        .to.throw('malformed')
        .with.property('code', 'invalid_argument');
    });
});
