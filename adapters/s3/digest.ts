import { createHash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { named } from './failures.ts';
import type { VaultOptions } from './vault.ts';

/** A connection may break in the middle of a large object; a hash can't be taken up there, so it begins anew. */
const TRIES = 3;

/**
 * Makes the function that reads an object to its end and hashes it, in constant memory. The hash is SHA-256 in hex.
 * @throws UploadInterrupted, VaultRefused; the latter also where there is no such object
 */
export const makeDigest =
  ({ bucket, client }: VaultOptions) =>
  async (key: string): Promise<{ readonly bytes: number; readonly sha256: string }> => {
    for (let tries = 1; ; tries += 1) {
      const hash = createHash('sha256');
      let bytes = 0;
      try {
        const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        for await (const chunk of (found.Body ?? []) as AsyncIterable<Uint8Array>) {
          hash.update(chunk);
          bytes += chunk.length;
        }
        return { bytes, sha256: hash.digest('hex') };
      } catch (error) {
        const failure = named(error, `GET ${key}`);
        if (!failure.retryable || tries === TRIES) throw failure;
      }
    }
  };
