import { fail } from '../../../base/errors.ts';
import { readArchive, writeArchive } from '../../../sandbox/container/archive.ts';
import type { ArchivePool } from '../../../sandbox/container/archive.ts';
import type { Parts } from '../../../sandbox/parts.ts';
import { shiftOf } from '../../../sandbox/pod/user-namespaces.ts';
import { withUpload } from '../upload.ts';
import type { Verb } from '../verb.ts';
import { namedContainer } from './named.ts';

export const archivePath = '/v1/containers/archive';

export interface ArchiveParts extends Pick<Parts, 'images' | 'store'> {
  readonly archives: ArchivePool;
  /** Directory for archives on their way in. */
  readonly uploads: string;
}

/** GET /v1/containers/archive?object=NAME&path=PATH : a file or directory of a container as tar. */
export function getArchiveVerb(parts: ArchiveParts): Verb {
  return {
    method: 'GET',
    path: archivePath,
    run: async ({ query }, signal) => {
      const container = namedContainer(parts, query);
      const pod = parts.store.pods.get(container.record.podId);
      const from = { path: absolute(query.get('path')), shift: pod && shiftOf(pod.record) };
      return readArchive(parts.archives, container, from, signal);
    },
  };
}

/** POST /v1/containers/archive?object=NAME&path=PATH&mode=within|one|contents, a tar as the body. See writeArchive. */
export function putArchiveVerb(parts: ArchiveParts): Verb {
  return {
    method: 'POST',
    path: archivePath,
    async run({ query, body }, signal) {
      const container = namedContainer(parts, query);
      const path = absolute(query.get('path'));
      const mode = modeOf(query.get('mode'));
      const users = parts.store.pods.get(container.record.podId)?.record.config.users ?? null;
      const write = async (file: string) =>
        writeArchive(parts.archives, container, { path, mode, file, users }, signal);
      await withUpload(parts.uploads, body, write, signal);
      return { id: container.record.id };
    },
  };
}

function modeOf(text: string | null): 'within' | 'one' | 'contents' {
  if (text === 'one' || text === 'contents' || text === 'within') return text;
  throw fail('invalid_argument', `mode ${JSON.stringify(text)}: one of within, one, contents`);
}

/** As docker has it, a path is taken from the root, be there a slash before it or not. */
function absolute(path: string | null): string {
  if (path === null || path === '' || path.includes('\0'))
    throw fail('invalid_argument', 'the path in the container is empty; give CONTAINER:/path');
  return path.startsWith('/') ? path : `/${path}`;
}
