import { expect } from 'chai';
import { ImageSpec, PullImageRequest } from '../../../api/cri/v1/api.ts';
import { during, fail } from '../../base/errors.ts';
import type { Images } from '../../image/service.ts';
import { refused } from '../../image/verify/policy.ts';
import { pullImage } from './pull-image.ts';

/** What PullImage answers when the pull fails so. */
async function answered(error: Error): Promise<unknown> {
  const images: Pick<Images, 'pull'> = { pull: () => Promise.reject(error) };
  const image = { ...ImageSpec.decode(new Uint8Array()), image: 'a/b:1' };
  const request = { ...PullImageRequest.decode(new Uint8Array()), image };
  const context = { signal: new AbortController().signal };
  const handler = pullImage(images as Images, new Map(), { annotations: [] });
  return (handler as (request: unknown, context: unknown) => Promise<unknown>)(request, context).catch(
    (thrown: unknown) => thrown,
  );
}

describe('a pull that fails, as the kubelet reads it', () => {
  it('says that the registry is away in the words of cri-api', async () => {
    expect(await answered(fail('unavailable', 'pull a/b:1: no answer within 30000 ms'))).to.include({
      code: 'unknown',
      message: 'RegistryUnavailable: pull a/b:1: no answer within 30000 ms',
    });
  });

  it('says that the policy refuses it, whatever was being done', async () => {
    expect(await answered(during('pull a/b:1', refused('it has no signature')))).to.include({
      code: 'unknown',
      message: 'SignatureValidationFailed: pull a/b:1: it has no signature',
    });
  });

  it('leaves every other error as it is', async () => {
    const error = fail('not_found', 'pull a/b:1: no such image');
    expect(await answered(error)).to.equal(error);
  });
});
