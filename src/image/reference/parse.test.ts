import { expect } from 'chai';
import fc from 'fast-check';
import { formatReference, parseReference, repoDigest, tagOf } from './parse.ts';
import { parseDigest } from './digest.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  const normal: readonly (readonly [string, string])[] = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
    ['someone/thing', 'docker.io/someone/thing:latest'],
    ['localhost/thing:1', 'localhost/thing:1'],
    ['localhost:5000/a/b/c:1', 'localhost:5000/a/b/c:1'],
    ['host:5000/a', 'host:5000/a:latest'],
    ['Host/a', 'Host/a:latest'],
    ['[::1]:5000/a:t', '[::1]:5000/a:t'],
    ['gcr.io/a/b_c/d__e/f-g--h.i', 'gcr.io/a/b_c/d__e/f-g--h.i:latest'],
    [`quay.io/x@${digest}`, `quay.io/x@${digest}`],
    [`quay.io/x:tag@${digest}`, `quay.io/x:tag@${digest}`],
    ['127.0.0.1:5000/x:A.b-C_d', '127.0.0.1:5000/x:A.b-C_d'],
    ['deadbeef', 'docker.io/library/deadbeef:latest'],
  ];
  for (const [text, wanted] of normal)
    it(`reads ${text}`, () => {
      const parsed = parseReference(text);
      expect(formatReference(parsed)).to.equal(wanted);
      expect(formatReference(parseReference(wanted)), 'the normal form is stable').to.equal(wanted);
    });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /it is empty/],
    ['UPPER', /lower-case/],
    ['gcr.io/UPPER', /lower-case/],
    ['a:', /tag is malformed/],
    ['a:.b', /tag is malformed/],
    [`a:${'x'.repeat(129)}`, /tag is malformed/],
    ['a@sha256:12', /digest is malformed/],
    [`a@${digest.toUpperCase()}`, /digest is malformed/],
    [`a@${digest}@${digest}`, /more than one @/],
    ['host:port/a', /host name/],
    ['-host.io/a', /host name/],
    ['a//b', /lower-case/],
    ['a/../b', /lower-case/],
    ['gcr.io/', /lower-case/],
    ['/a', /lower-case|host/],
    ['0123456789abcdef'.repeat(4), /image id/],
    ['a'.repeat(256), /longer than/],
    ['a b', /lower-case/],
    ['a\nb', /lower-case/],
    ['https://gcr.io/a', /host|lower-case/],
  ];
  for (const [text, why] of wrong)
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(() => parseReference(text))
        .to.throw(why)
        .with.property('code', 'invalid_argument');
    });

  it('either refuses or gives a normal form that it reads again, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'Z', '0', '.', ':', '/', '@', '_', '-', '[', ']', '%', '\0', ' '), {
          maxLength: 30,
        }),
        (characters) => {
          const text = characters.join('');
          let formatted: string;
          try {
            formatted = formatReference(parseReference(text));
          } catch (error) {
            expect(error).to.have.property('name', 'CricketError');
            return;
          }
          expect(formatReference(parseReference(formatted))).to.equal(formatted);
        },
      ),
    );
  });

  it('names tags and digests as CRI lists them', () => {
    const parsed = parseReference('busybox:1');
    expect(tagOf(parsed)).to.equal('docker.io/library/busybox:1');
    expect(repoDigest(parsed, parseDigest(digest))).to.equal(`docker.io/library/busybox@${digest}`);
    expect(tagOf(parseReference(`busybox@${digest}`))).to.equal(undefined);
  });
});
