import { expect } from 'chai';
import { abortError } from '../../base/abort.ts';
import { errorFrom, fail } from '../../base/errors.ts';
import type { CricketError } from '../../base/errors.ts';
import { sampleMount } from '../oci/spec/sample.test.ts';
import { resolveMounts } from './mount-sources.ts';

/** What is said of one mount when looking at its source throws that. */
async function said(thrown: Error, signal = new AbortController().signal): Promise<CricketError> {
  const parts = {
    hostPaths: { callWithin: () => Promise.reject(thrown) },
    paths: { container: () => ({ shifted: '/shifted' }) },
  };
  const record = {
    id: 'c',
    config: { mounts: [{ ...sampleMount({ hostPath: '/a', containerPath: '/b' }), users: null }] },
  };
  try {
    await resolveMounts(parts as never, record as never, { pins: { user: undefined } } as never, signal);
  } catch (error) {
    return errorFrom(error);
  }
  throw new Error('it went well');
}

describe('the source of a mount', () => {
  it('is the fault of who named it where the kernel says so', async () => {
    const error = await said(Object.assign(new Error('ENOTDIR: not a directory'), { code: 'ENOTDIR' }));
    expect(error.code).to.equal('invalid_argument');
    expect(error.message).to.match(/^mount source \/a for \/b can neither be found .* name another path$/);
    expect((await said(Object.assign(new Error('full'), { code: 'ENOSPC' }))).code).to.equal('resource_exhausted');
  });

  it('is away where its file system does not answer', async () => {
    const error = await said(fail('deadline_exceeded', 'mountSource took longer than 10 ms'));
    expect(error.code).to.equal('unavailable');
    expect(error.message).to.contain('does not answer; look at the file system it is on');
  });

  it('is no fault where the time of the creation is up, or the daemon ends', async () => {
    const late = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    expect((await said(abortError(late), late)).code).to.equal('deadline_exceeded');
    const ended = AbortSignal.abort();
    const error = await said(abortError(ended), ended);
    expect(error.code).to.equal('cancelled');
    expect(error.message).to.match(/^mount source \/a for \/b: /);
  });
});
