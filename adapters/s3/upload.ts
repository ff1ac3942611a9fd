import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { StoredObject, StoreRequest, Vault } from '../../core/ports.ts';
import { named } from './failures.ts';

/**
 * One streamed upload. Its life: parts go up while the body flows; the body's end, which its producer allows only
 * when all is well, completes the upload; an error on the body aborts it, and the abort is awaited, so that no
 * unfinished upload stays behind. A completion whose answer is lost is looked up before it counts as failed:
 * the key belongs to this attempt alone, so an object of the right size under it is this one.
 */

const MIB = 1024 ** 2;
/** S3's own limit. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
const PART_BYTES = 8 * MIB;
/** Parts in flight: with the one being filled, what the upload holds in memory. */
const PARTS_IN_FLIGHT = 3;

/** Bytes of a part for an object that can have so many: 8 MiB, more only where 10,000 parts would not do. */
export const partBytesFor = (atMostBytes: number): number =>
  Math.max(PART_BYTES, Math.ceil(atMostBytes / MAX_PARTS / MIB) * MIB);

export interface UploadContext {
  readonly client: S3Client;
  readonly bucket: string;
  readonly head: Vault['head'];
  readonly disposition: string;
}

/** What has passed of a body, and how it ended. */
interface Passage {
  bytes: number;
  ended: boolean;
  error?: unknown;
}

async function* watched(body: Readable, passage: Passage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) {
      passage.bytes += chunk.length;
      yield chunk;
    }
    passage.ended = true;
  } catch (error) {
    passage.error = error;
    throw error;
  }
}

/** @throws UploadInterrupted, VaultRefused, or the error of the body, as it is */
export const upload = async (
  { client, bucket, head, disposition }: UploadContext,
  { key, body, atMostBytes, contentType }: StoreRequest,
): Promise<StoredObject> => {
  const passage: Passage = { bytes: 0, ended: false };
  const sending = new Upload({
    client,
    partSize: partBytesFor(atMostBytes),
    queueSize: PARTS_IN_FLIGHT,
    params: {
      Bucket: bucket,
      Key: key,
      Body: Readable.from(watched(body, passage)),
      ContentType: contentType,
      ContentDisposition: disposition,
      IfNoneMatch: '*',
    },
  });
  try {
    await sending.done();
  } catch (error) {
    if (passage.ended && (await isThere(head, key, passage.bytes)))
      return { key, bytes: passage.bytes };
    await abandon(client, bucket, key, sending.uploadId);
    // The body's own error comes through as it is; when S3 fails first, tearing down makes the body fail as well.
    throw error === passage.error ? error : named(error, `the upload of ${key}`);
  }
  return { key, bytes: passage.bytes };
};

/** Not knowing counts as no: the attempt then fails, and the sweep removes what it may have left. */
const isThere = async (head: Vault['head'], key: string, bytes: number): Promise<boolean> => {
  const found = await head(key).catch(() => undefined);
  return found?.bytes === bytes;
};

/** What can't be aborted now, because S3 is out of reach, the sweep and the bucket's own rule abort later. */
const abandon = async (
  client: S3Client,
  bucket: string,
  key: string,
  uploadId: string | undefined,
): Promise<void> => {
  if (!uploadId) return;
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
  await client.send(command).catch(() => undefined);
};
