/**
 * A pattern in the spelling of Go, found anywhere in a text unless it is anchored. What is spelled otherwise in
 * JavaScript is translated where that is simple. Errors: SyntaxError for the rest, as a guess would match others.
 */
export function goPattern(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = pattern
    .slice(flags?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(
      /\\(.)/gsu,
      (whole, escaped: string) =>
        translated[escaped] ?? (/[-_~#%&=:;,"'`<>@! ]/.test(escaped) ? escapedAsHex(escaped) : whole),
    );
  return new RegExp(body, `u${flags?.[1] ?? ''}`);
}

const translated: Readonly<Record<string, string>> = { A: '(?<![\\s\\S])', z: '(?![\\s\\S])' };
const escapedAsHex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
