import { createHmac } from 'node:crypto';
import type { ManifestSignature } from '../../core/manifest.ts';
import type { ManifestSigner, ManifestVerifier } from '../../core/manifest-signature.ts';

/** A key that signs manifests, in this process; test/adapters/kms tests the use of KMS. */
export const testKey = (name = 'key'): ManifestSigner & ManifestVerifier => {
  const keyId = `arn:aws:kms:eu-central-1:123456789012:key/${name}`;
  const macOf = (message: string): string =>
    createHmac('sha256', name).update(message).digest('base64');
  const isOurs = async (message: string, signature: ManifestSignature): Promise<boolean> =>
    signature.keyId.endsWith(`/${name}`) && signature.mac === macOf(message);
  return {
    sign: async (message) => ({ algorithm: 'HMAC_SHA_256', keyId, mac: macOf(message) }),
    hasSigned: isOurs,
    verify: isOurs,
  };
};

/** The key of most tests. */
export const TEST_KEY = testKey();
