import { fail, messageOf } from '../../../base/errors.ts';

/**
 * The value that a file of JSON or YAML holds. What YAML 1.2 reads otherwise than the libraries of those who write such
 * files is read as theirs: 0666 is octal, and `<<` merges. Errors: `invalid_argument` saying where it is none.
 */
export async function parseDocument(text: string, kind: 'JSON' | 'YAML'): Promise<unknown> {
  const given = text.replace(/^\uFEFF/, '');
  try {
    return kind === 'JSON' ? JSON.parse(given) : await parseYaml(given);
  } catch (error) {
    throw fail('invalid_argument', `it is not ${kind}: ${messageOf(error).split('\n')[0]}`);
  }
}

/** Loaded where there is a file for it: most nodes have none. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { customTags: (tags) => [legacyOctal, ...tags], merge: true, maxAliasCount: 100 });
}

const legacyOctal = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0[0-7]+$/,
  resolve: (digits: string) => parseInt(digits, 8),
} as const;
