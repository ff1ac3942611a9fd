import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { isForbidden, isMissing } from './failures.ts';

/**
 * Whether a GET or HEAD failed because the object is not there. S3 answers 404 only to callers that may list the whole bucket, and 403 to
 * all others, Larder's functions among them: their grant on listing names a prefix. So where S3 forbids, the key itself is listed. Where
 * that fails too, the object counts as forbidden. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export const isAbsent = async (
  { client, bucket }: { readonly client: S3Client; readonly bucket: string },
  key: string,
  error: unknown,
): Promise<boolean> => {
  if (isMissing(error)) return true;
  if (!isForbidden(error)) return false;
  const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  // Keys come in the order of their bytes, so a key comes before all that begin with it.
  const listed = await client.send(list).catch(() => undefined);
  return listed !== undefined && listed.Contents?.[0]?.Key !== key;
};
