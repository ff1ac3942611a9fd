import { timingSafeEqual } from 'node:crypto';
import { GenerateMacCommand, KMSClient, VerifyMacCommand } from '@aws-sdk/client-kms';
import { MANIFEST } from '../../core/contract.ts';
import { LarderError } from '../../core/errors/base.ts';
import { ManifestKeyRefused, ManifestKeyUnreachable } from '../../core/errors/vault.ts';
import type { ManifestSignature } from '../../core/manifest.ts';
import type { ManifestSigner, ManifestVerifier } from '../../core/manifest-signature.ts';
import { makeRequestHandler } from '../request-handler.ts';

/** Signs and verifies manifests with HMAC keys that never leave KMS. https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html */
export const makeKeysClient = (): KMSClient =>
  new KMSClient({ maxAttempts: 5, requestHandler: makeRequestHandler() });

const MacAlgorithm = MANIFEST.macAlgorithm;
const NOT_ITS_MAC = 'KMSInvalidMacException';
/** Errors that a retry does not fix. Throttling and similar errors are recognized by their HTTP status. */
const REFUSALS: readonly string[] = [
  'AccessDeniedException',
  'DisabledException',
  'InvalidKeyUsageException',
  'KMSInvalidStateException',
  'NotFoundException',
];

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

const failure = (keyId: string, error: unknown): LarderError => {
  if (error instanceof LarderError) return error;
  const why = nameOf(error);
  return REFUSALS.includes(why)
    ? new ManifestKeyRefused(keyId, why, { cause: error })
    : new ManifestKeyUnreachable(why, { cause: error });
};

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

export const makeManifestSigner = ({
  keys: [keyId = ''],
  client,
}: {
  /** Ids or ARNs; the first one signs. */
  readonly keys: readonly string[];
  readonly client: KMSClient;
}): ManifestSigner => {
  const sign = async (message: string): Promise<ManifestSignature> => {
    try {
      const answer = await client.send(
        new GenerateMacCommand({ KeyId: keyId, MacAlgorithm, Message: bytesOf(message) }),
      );
      if (!answer.Mac || !answer.KeyId) throw new Error('an answer without a MAC');
      const mac = Buffer.from(answer.Mac).toString('base64');
      return { algorithm: MacAlgorithm, keyId: answer.KeyId, mac };
    } catch (error) {
      throw failure(keyId, error);
    }
  };
  return {
    sign,
    hasSigned: async (message, { mac, algorithm }) => {
      const own = Buffer.from((await sign(message)).mac);
      const given = Buffer.from(mac);
      return (
        algorithm === MacAlgorithm && own.length === given.length && timingSafeEqual(own, given)
      );
    },
  };
};

/** The id at the end of an ARN. */
const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/**
 * A signature names its key. Only configured keys are accepted, because anyone can sign with a key of their own.
 * @param keys ids or ARNs, the present key and older ones
 */
export const makeManifestVerifier = ({
  keys,
  client,
}: {
  readonly keys: readonly string[];
  readonly client: KMSClient;
}): ManifestVerifier => ({
  verify: async (message, { algorithm, keyId, mac }) => {
    const key = keys.find((one) => idOf(one) === idOf(keyId));
    const given = Buffer.from(mac, 'base64');
    // KMS refuses some other lengths with errors that look like its own faults.
    const isMac = algorithm === MacAlgorithm && given.length === MANIFEST.macBytes;
    if (key === undefined || !isMac) return false;
    try {
      const answer = await client.send(
        new VerifyMacCommand({
          KeyId: key,
          MacAlgorithm,
          Message: bytesOf(message),
          Mac: given,
        }),
      );
      return answer.MacValid === true;
    } catch (error) {
      // KMS refuses a value that is not a MAC, for example one of another length, as an invalid request.
      if (nameOf(error) === NOT_ITS_MAC || nameOf(error) === 'ValidationException') return false;
      throw failure(key, error);
    }
  },
});
