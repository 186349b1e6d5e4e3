import { ImageServiceService } from '../../../../api/cri/v1/api.ts';
import type { Image, ImageStatusResponse } from '../../../../api/cri/v1/api.ts';
import { fail } from '../../../base/errors.ts';
import { callCri } from '../cri-call.ts';
import type { CriCall } from '../cri-call.ts';
import { imageNamed } from './spec.ts';

export interface FoundImage {
  readonly image: Image;
  readonly info: ImageStatusResponse['info'];
}

/** An image by reference or id. Errors: `not_found`; CRI itself answers with nothing. */
export async function findImage(name: string, verbose: boolean, call: CriCall): Promise<FoundImage> {
  const request = { image: imageNamed(name), verbose };
  const { image, info } = await callCri(ImageServiceService.imageStatus, request, call);
  if (image === undefined) throw fail('not_found', `image ${name}: not here; cricket images ls tells which are`);
  return { image, info };
}
