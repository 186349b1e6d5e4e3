import { fail } from '../../base/errors.ts';

/** PATH_MAX less the terminator. */
const maxPath = 4095;
/** A part that is empty, `.` or `..`: most names have none. */
const needsCleaning = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** The directory (`''` is the layer's root) and the name in it of a member; undefined for the root itself. */
export interface EntryPath {
  readonly directory: string;
  readonly name: string;
}

/**
 * A member's name as a path below the layer's root: a leading `/` and `.` mean nothing, `a/../b` is `b`.
 * Errors: `invalid_argument` for a name that leads out of the layer or is too long.
 */
export function cleanEntryPath(name: string): EntryPath | undefined {
  if (name.length > maxPath) throw fail('invalid_argument', `layer has an entry name of ${name.length} bytes`);
  if (!needsCleaning.test(name)) {
    const slash = name.lastIndexOf('/');
    return { directory: name.slice(0, Math.max(slash, 0)), name: name.slice(slash + 1) };
  }
  const kept: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.pop() === undefined)
      throw fail('invalid_argument', `layer entry ${JSON.stringify(name.slice(0, 200))} leads out of the layer`);
  }
  const last = kept.pop();
  return last === undefined ? undefined : { directory: kept.join('/'), name: last };
}

export const joinPath = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);

const whiteoutPrefix = '.wh.';
const aufsPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';

/** What a name says by the layer format of OCI: an ordinary entry, one that hides, or bookkeeping of aufs. */
export type NameMeaning =
  | { readonly kind: 'entry' }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'hides'; readonly name: string }
  | { readonly kind: 'ignored' };

/** Errors: `invalid_argument` for a whiteout of nothing, of `.` or of `..`. */
export function meaningOf(name: string): NameMeaning {
  if (!name.startsWith(whiteoutPrefix)) return { kind: 'entry' };
  if (name === opaqueName) return { kind: 'opaque' };
  if (name.startsWith(aufsPrefix)) return { kind: 'ignored' };
  const hidden = name.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..')
    throw fail('invalid_argument', `layer has the malformed whiteout ${JSON.stringify(name)}`);
  return { kind: 'hides', name: hidden };
}
