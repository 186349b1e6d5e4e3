import { controlSocket } from '../../config/paths.ts';
import type { Config } from '../../config/schema.ts';
import { callControl } from '../../control/client.ts';
import { examineImagesAnswer, examineImagesPath } from '../../control/images/examine.ts';
import { failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** Has the daemon read every layer. Errors: `unavailable` when none answers. */
export async function checkImages(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const call = { method: 'POST', path: examineImagesPath, query: {}, body: undefined } as const;
  const answer = await callControl({ ...call, socket: controlSocket(config) }, signal);
  const { layers, unknown, corrupt, images } = examineImagesAnswer.parse(answer);
  const examined = layers - unknown;
  const untold = unknown === 0 ? '' : `, ${unknown} without a record to tell by`;
  if (corrupt.length === 0) return [ok('image layers', `${examined} read and whole${untold}`)];
  return [
    ...corrupt.map(({ diffId, reason, quarantine }) =>
      warn(
        'image layers',
        `${diffId.slice(0, 19)} is corrupt: ${reason}`,
        `look at the disk; it is kept in ${quarantine}`,
      ),
    ),
    ...images.map(({ id, names, error }) => {
      const name = names[0] ?? id;
      return error === ''
        ? ok('image', `${name} was pulled again`)
        : failed('image', `${name} is lost: ${error}`, 'pull or import it; containers that run from it go on');
    }),
  ];
}
