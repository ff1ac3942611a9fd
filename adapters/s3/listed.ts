import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../core/vault-ports.ts';
import { isForbidden, isMissing } from './failures.ts';

/**
 * To find out whether an object exists, its key is listed. A HEAD does not answer that: S3 answers 404 only to callers that may list
 * the whole bucket, and 403 to all others. Larder's functions get 403, because their permission to list is limited to a prefix.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
}

/** Undefined if there is none. @throws the error of S3 */
export const listed = async (
  { client, bucket }: Bucket,
  key: string,
): Promise<StoredObject | undefined> => {
  const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  // Keys are sorted by their bytes, so a key precedes all longer keys that begin with it.
  const found = (await client.send(list)).Contents?.[0];
  return found?.Key === key ? { key, bytes: found.Size ?? 0 } : undefined;
};

/** Whether a GET failed because the object does not exist. If listing is not allowed, the object counts as forbidden. */
export const isAbsent = async (bucket: Bucket, key: string, error: unknown): Promise<boolean> => {
  if (isMissing(error)) return true;
  if (!isForbidden(error)) return false;
  return await listed(bucket, key).then(
    (found) => found === undefined,
    () => false,
  );
};
