import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Digest } from '../reference/digest.ts';

/** "Simple signing" of containers/image, as cosign fills it in. */
const payloadSchema = z.object({
  critical: z.object({
    type: z.literal(['cosign container image signature', 'atomic container signature']),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});

/** A sigstore bundle with a DSSE envelope; what of it speaks of certificates and logs is not looked at. */
const bundleSchema = z.object({
  dsseEnvelope: z.object({
    payload: z.base64(),
    payloadType: z.string(),
    signatures: z.array(z.object({ sig: z.base64() })).max(16),
  }),
});

/** An in-toto statement: which digests are meant, and what is said of them. */
const statementSchema = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).max(100),
});

/** What a statement says that is a signature of an image and not, say, a list of its parts. */
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';
const statementType = 'application/vnd.in-toto+json';

/** Whether a payload names this digest and one of the keys has signed it. `signature` is base64. */
export function payloadSigns(payload: Buffer, signature: string, digest: Digest, keys: readonly KeyObject[]): boolean {
  const parsed = payloadSchema.safeParse(json(payload));
  if (!parsed.success || parsed.data.critical.image['docker-manifest-digest'] !== digest) return false;
  return isSigned(payload, Buffer.from(signature, 'base64'), keys);
}

/** Whether the bundle's statement names this digest and one of the keys has signed it (DSSE v1). */
export function bundleSigns(bundle: Buffer, digest: Digest, keys: readonly KeyObject[]): boolean {
  const parsed = bundleSchema.safeParse(json(bundle));
  if (!parsed.success || parsed.data.dsseEnvelope.payloadType !== statementType) return false;
  const { payload, payloadType, signatures } = parsed.data.dsseEnvelope;
  const body = Buffer.from(payload, 'base64');
  const statement = statementSchema.safeParse(json(body));
  if (!statement.success || statement.data.predicateType !== signaturePredicate) return false;
  const [algorithm = '', hex] = digest.split(':');
  if (!statement.data.subject.some((subject) => subject.digest[algorithm] === hex)) return false;
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `;
  const signed = Buffer.concat([Buffer.from(head), body]);
  return signatures.some(({ sig }) => isSigned(signed, Buffer.from(sig, 'base64'), keys));
}

/** ECDSA in DER and RSA (PKCS #1) over SHA-256, or Ed25519, as the key is. */
function isSigned(bytes: Buffer, signature: Buffer, keys: readonly KeyObject[]): boolean {
  return keys.some((key) => {
    const hashed = key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'rsa';
    try {
      return verify(hashed ? 'sha256' : null, bytes, key, signature);
    } catch {
      // A signature that is not even one for this kind of key.
      return false;
    }
  });
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
