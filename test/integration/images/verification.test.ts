import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Verification } from '../../../src/image/verify/policy.ts';
import { isRefusal } from '../../../src/image/verify/policy.ts';
import { errorOf } from './lab.ts';
import { image, Meeting } from './meeting.ts';
import { say } from './stranger.ts';
import type { Stranger } from './stranger.ts';

const digestOf = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const kinds = { ec: { namedCurve: 'P-256' }, rsa: { modulusLength: 2048 }, ed25519: {} };
type Kind = keyof typeof kinds;

function keyPair(kind: Kind): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (kind === 'ec') return generateKeyPairSync('ec', kinds.ec);
  return kind === 'rsa' ? generateKeyPairSync('rsa', kinds.rsa) : generateKeyPairSync('ed25519');
}

const payloadFor = (digest: string) =>
  JSON.stringify({
    critical: {
      identity: { 'docker-reference': 'elsewhere/name' },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });

const signed = (key: KeyObject, bytes: string | Buffer) =>
  sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(bytes), key).toString('base64');

/** A manifest with one layer, and that layer, as a registry has them. */
function artifact(layer: string, mediaType: string, annotations: Record<string, string> = {}) {
  const entry = { mediaType, digest: digestOf(layer), size: layer.length, annotations };
  return {
    manifest: JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: 'x', digest: digestOf('{}'), size: 2 },
      layers: [entry],
    }),
    blob: { digest: digestOf(layer), body: layer },
  };
}

const signatureOf = (key: KeyObject, digest = image.root.digest) =>
  artifact(payloadFor(digest), 'application/vnd.dev.cosign.simplesigning.v1+json', {
    'dev.cosignproject.cosign/signature': signed(key, payloadFor(digest)),
  });

function bundleOf(key: KeyObject, predicateType: string) {
  const type = 'application/vnd.in-toto+json';
  const subject = [{ digest: { sha256: image.root.digest.slice('sha256:'.length) } }];
  const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType }));
  const head = `DSSEv1 ${type.length} ${type} ${payload.length} `;
  const sig = signed(key, Buffer.concat([Buffer.from(head), payload]));
  const dsseEnvelope = { payload: payload.toString('base64'), payloadType: type, signatures: [{ sig }] };
  return artifact(JSON.stringify({ dsseEnvelope }), 'application/vnd.dev.sigstore.bundle.v0.3+json');
}

type Artifact = ReturnType<typeof artifact>;

function serveTagged(stranger: Stranger, { manifest, blob }: Artifact): void {
  stranger.on(`manifests/${image.root.digest.replace(':', '-')}.sig`, say(200, manifest));
  stranger.on(blob.digest, say(200, blob.body));
}

function serveReferrer(stranger: Stranger, { manifest, blob }: Artifact, artifactType: string, byTag: boolean): void {
  const manifests = [{ mediaType: 'x', digest: digestOf(manifest), size: manifest.length, artifactType }];
  const index = say(200, JSON.stringify({ schemaVersion: 2, manifests }));
  stranger.on(`manifests/${digestOf(manifest)}`, say(200, manifest));
  stranger.on(blob.digest, say(200, blob.body));
  if (byTag) stranger.on('referrers/', say(404));
  stranger.on(byTag ? `manifests/${image.root.digest.replace(':', '-')}` : 'referrers/', index);
}

describe('an image under a verification policy', function () {
  this.timeout(60_000);

  /** A meeting whose stranger is under this rule. */
  async function under(verification: Verification, match = '*'): Promise<Meeting> {
    return Meeting.begin(image, { verification: [{ match, verification }] });
  }

  const keyFile = `/var/tmp/cricket-key-${process.pid}.pub`;
  afterEach(() => rmSync(keyFile, { force: true }));

  async function underKey(key: KeyObject): Promise<Meeting> {
    writeFileSync(keyFile, key.export({ type: 'spki', format: 'pem' }));
    return under({ kind: 'signed', keys: [keyFile] });
  }

  async function expectRefused(meeting: Meeting, text: RegExp): Promise<void> {
    const error = await errorOf(meeting.pull());
    expect(isRefusal(error), error.message).to.equal(true);
    expect(error.message).to.match(text);
    meeting.expectNothingLeft();
  }

  for (const kind of ['ec', 'rsa', 'ed25519'] as const)
    it(`is let in by a signature under its tag, made with an ${kind} key`, async () => {
      const { publicKey, privateKey } = keyPair(kind);
      await using meeting = await underKey(publicKey);
      serveTagged(meeting.stranger, signatureOf(privateKey));
      expect((await meeting.pull()).layers).to.have.length(1);
    });

  for (const byTag of [false, true])
    it(`is let in by a signature among its referrers, ${byTag ? 'in a registry without that API' : 'by the API'}`, async () => {
      const { publicKey, privateKey } = keyPair('ec');
      await using meeting = await underKey(publicKey);
      const type = 'application/vnd.dev.cosign.artifact.sig.v1+json';
      serveReferrer(meeting.stranger, signatureOf(privateKey), type, byTag);
      expect((await meeting.pull()).layers).to.have.length(1);
    });

  it('is let in by a bundle that signs it, and not by one that says something else of it', async () => {
    const { publicKey, privateKey } = keyPair('ec');
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    await using meeting = await underKey(publicKey);
    serveReferrer(meeting.stranger, bundleOf(privateKey, 'https://spdx.dev/Document'), type, false);
    await expectRefused(meeting, /none of its 1 signatures/);
    serveReferrer(meeting.stranger, bundleOf(privateKey, 'https://sigstore.dev/cosign/sign/v1'), type, false);
    expect((await meeting.pull()).layers).to.have.length(1);
  });

  it('is refused without a signature', async () => {
    await using meeting = await underKey(keyPair('ec').publicKey);
    await expectRefused(meeting, /it has no signature/);
  });

  it('is refused with the signature of somebody else, of another image, or one that was tampered with', async () => {
    const { publicKey, privateKey } = keyPair('ec');
    const other = artifact(payloadFor(image.root.digest), 'application/vnd.dev.cosign.simplesigning.v1+json', {
      'dev.cosignproject.cosign/signature': signed(privateKey, 'other bytes'),
    });
    for (const wrong of [signatureOf(keyPair('ec').privateKey), signatureOf(privateKey, digestOf('another')), other]) {
      await using meeting = await underKey(publicKey);
      serveTagged(meeting.stranger, wrong);
      await expectRefused(meeting, /none of its 1 signatures is by a key of the policy/);
    }
  });

  it('is not judged when the registry cannot be asked for signatures, or the key cannot be read', async () => {
    await using meeting = await underKey(keyPair('ec').publicKey);
    meeting.stranger.on('.sig', say(503));
    expect(await errorOf(meeting.pull())).to.include({ code: 'unavailable' });
    await using without = await under({ kind: 'signed', keys: ['/nonexistent/key.pub'] });
    const error = await errorOf(without.pull());
    expect(error.message).to.contain('/nonexistent/key.pub');
    expect(isRefusal(error)).to.equal(false);
  });

  it('is let in or refused by the rule with the longest match', async () => {
    await using meeting = await Meeting.begin(image, {
      verification: [
        { match: '*', verification: { kind: 'reject' } },
        { match: '127.0.0.1', verification: { kind: 'reject' } },
      ],
    });
    await expectRefused(meeting, /refuses every image/);
    await using accepting = await under({ kind: 'accept' });
    expect((await accepting.pull()).layers).to.have.length(1);
    await using elsewhere = await under({ kind: 'reject' }, 'registry.local');
    expect((await elsewhere.pull()).layers).to.have.length(1);
  });

  describe('by a program', () => {
    const path = `/var/tmp/cricket-verifier-${process.pid}`;
    const told = `${path}.told`;
    const underProgram = async (text: string, timeoutMs = 10_000): Promise<Meeting> => {
      writeFileSync(path, `#!/bin/sh\n${text}\n`);
      chmodSync(path, 0o755);
      return under({ kind: 'program', program: path, timeoutMs });
    };
    afterEach(() => {
      for (const file of [path, told]) rmSync(file, { force: true });
    });

    it('is told name, digest and descriptor', async () => {
      await using meeting = await underProgram(`echo "$@" > ${told}; cat >> ${told}`);
      await meeting.pull();
      const [args, descriptor] = readFileSync(told, 'utf8').split('\n');
      expect(args).to.equal(
        `-name ${meeting.stranger.host}/test/image:1 -digest ${image.root.digest} -stdin-media-type application/vnd.oci.descriptor.v1+json`,
      );
      expect(JSON.parse(descriptor ?? '')).to.deep.equal({
        mediaType: image.root.mediaType,
        digest: image.root.digest,
        size: image.root.body.length,
      });
    });

    it('is refused with its words', async () => {
      await using meeting = await underProgram('echo not on my list; exit 3');
      await expectRefused(meeting, /not on my list/);
    });

    it('is refused when it takes too long, with all that it started ended', async () => {
      await using meeting = await underProgram(`(sleep 2; touch ${told}) & wait`, 300);
      await expectRefused(meeting, /has not answered .* within 300 ms/);
      await new Promise((resolve) => setTimeout(resolve, 2200));
      expect(existsSync(told)).to.equal(false);
    });

    it('is refused when there is no such program', async () => {
      await using meeting = await under({ kind: 'program', program: '/nonexistent', timeoutMs: 1000 });
      await expectRefused(meeting, /\/nonexistent/);
    });
  });
});
