import { waitFor } from '../../base/abort.ts';
import { errorFrom } from '../../base/errors.ts';
import { runCommand } from '../../linux/run.ts';
import type { Descriptor } from '../registry/manifest.ts';
import { refused } from './policy.ts';

/** Characters of its output that become the reason of a refusal. */
const longestReason = 500;

/**
 * Asks a program about an image by the convention of containerd's image verifiers (docs/image-verification.md there):
 * `-name NAME -digest DIGEST -stdin-media-type TYPE` and the image's descriptor as JSON on its standard input; exit
 * code 0 accepts, any other refuses with the standard output as the reason. One that cannot be run, or takes too long,
 * refuses as well. Errors: a refusal (see policy.ts); the signal's.
 */
export async function runVerifier(
  { program, timeoutMs }: { readonly program: string; readonly timeoutMs: number },
  name: string,
  image: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const { mediaType, digest, size } = image;
  const args = ['-name', name, '-digest', digest, '-stdin-media-type', 'application/vnd.oci.descriptor.v1+json'];
  const input = JSON.stringify({ mediaType, digest, size });
  const limit = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, limit]);
  try {
    const { code, stdout } = await waitFor(runCommand(program, args, { input, signal: either, group: true }), either);
    if (code !== 0) throw refused(`verifier ${program} refuses ${name}: ${reason(stdout, code)}`);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    if (limit.aborted) throw refused(`verifier ${program} has not answered for ${name} within ${timeoutMs} ms`);
    const error = errorFrom(thrown);
    throw error.code === 'failed_precondition' ? error : refused(`verifier ${program}: ${error.message}`);
  }
}

const reason = (stdout: string, code: number) => stdout.trim().slice(0, longestReason) || `it ended with code ${code}`;
