import type { ImageSpec } from '../../../api/cri/v1/api.ts';
import { fail } from '../../base/errors.ts';
import { nonEmpty, required } from '../runtime/parse/values.ts';

/** Names of the runtime handlers that are configured; images are the same for all of them. */
export type Handlers = ReadonlyMap<string, unknown>;

/** The name in an ImageSpec. Errors: `invalid_argument` without one, and for a handler that is not configured. */
export function imageNameIn(spec: ImageSpec | undefined, handlers: Handlers): string {
  const { image, runtimeHandler } = required(spec, 'image');
  demandHandler(runtimeHandler, handlers, 'image.runtime_handler');
  return nonEmpty(image, 'image.image');
}

/** Errors: `invalid_argument`. */
export function demandHandler(name: string, handlers: Handlers, field: string): void {
  if (name !== '' && !handlers.has(name))
    throw fail(
      'invalid_argument',
      `${field}: handler ${JSON.stringify(name)} is not configured; add [runtimes.${name}]`,
    );
}
