import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../core/vault-ports.ts';
import { isForbidden, isMissing } from './failures.ts';

/**
 * Whether an object is there is asked by listing its key. A HEAD would not tell: S3 answers 404 only to callers that may list the whole
 * bucket, and 403 to all others, Larder's functions among them, whose grant on listing names a prefix.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
}

/** Undefined where there is none. @throws what S3 answers */
export const listed = async (
  { client, bucket }: Bucket,
  key: string,
): Promise<StoredObject | undefined> => {
  const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  // Keys come in the order of their bytes, so a key comes before all that begin with it.
  const found = (await client.send(list)).Contents?.[0];
  return found?.Key === key ? { key, bytes: found.Size ?? 0 } : undefined;
};

/** Whether a GET failed because the object is not there. What can't be listed counts as forbidden. */
export const isAbsent = async (bucket: Bucket, key: string, error: unknown): Promise<boolean> => {
  if (isMissing(error)) return true;
  if (!isForbidden(error)) return false;
  return await listed(bucket, key).then(
    (found) => found === undefined,
    () => false,
  );
};
