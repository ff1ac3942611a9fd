import { noteRefusedRemovals, removalId } from '../../emulators/s3/removals.ts';
import { elements, textOf, xml } from '../../emulators/s3/xml.ts';
import { ACCOUNT, PARTITION, REGION } from '../../region.ts';
import type { Given } from '../condition-keys.ts';
import {
  type Check,
  type Facts,
  NotMapped,
  type Part,
  type ServiceRequests,
  type WireRequest,
} from './request.ts';

/**
 * S3. An operation on an object encrypted with a KMS key uses that key on the caller's behalf, so the caller needs permission for
 * the key.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 */
const bucketArn = (bucket: string): string => `arn:${PARTITION}:s3:::${bucket}`;

interface Target {
  readonly bucket: string;
  readonly key: string;
}

const targetOf = ({ path }: Pick<WireRequest, 'path'>): Target => {
  const [, bucket = '', ...rest] = path.split('/');
  return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(rest.join('/')) };
};

const listingKeys = ({ query }: WireRequest): Readonly<Record<string, Given>> => ({
  's3:prefix': query.get('prefix') ?? undefined,
  's3:delimiter': query.get('delimiter') ?? undefined,
  's3:max-keys': query.get('max-keys') ?? query.get('max-uploads') ?? undefined,
});

const ofBucket = (request: WireRequest, { bucket }: Target): readonly Check[] => {
  const { method, query } = request;
  const listing = (action: string): readonly Check[] => [
    { action, resource: bucketArn(bucket), keys: listingKeys(request) },
  ];
  if (method === 'HEAD') return [{ action: 's3:ListBucket', resource: bucketArn(bucket) }];
  if (method === 'GET' && query.has('versions')) return listing('s3:ListBucketVersions');
  if (method === 'GET' && query.has('uploads')) return listing('s3:ListBucketMultipartUploads');
  if (method === 'GET' && [...query.keys()].every((name) => LISTING.has(name)))
    return listing('s3:ListBucket');
  throw new NotMapped(`${method} of a bucket with ${query}`);
};

/** Parameters of ListObjectsV2; with any other parameter it is another operation. */
const LISTING = new Set([
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'list-type',
  'max-keys',
  'prefix',
  'start-after',
  'x-id',
]);

const usesKey = ({ bucket }: Target, facts: Facts, operation: string): readonly Check[] => {
  const key = facts.keyOfBucket(bucket);
  if (key === undefined) return [];
  return [
    {
      action: `kms:${operation}`,
      resource: key,
      keys: {
        'aws:ViaAWSService': 'true',
        'kms:CallerAccount': ACCOUNT,
        'kms:ViaService': `s3.${REGION}.amazonaws.com`,
        // With a bucket key, the encryption context names the bucket and not the object.
        'kms:EncryptionContext:aws:s3:arn': bucketArn(bucket),
        'kms:EncryptionContextKeys': ['aws:s3:arn'],
      },
    },
  ];
};

/** Only a caller that may list gets 404 for a missing object; other callers get the same answer as for a forbidden object. */
const reading = (request: WireRequest, target: Target, facts: Facts): readonly Check[] => {
  const { method, query, headers } = request;
  const resource = `${bucketArn(target.bucket)}/${target.key}`;
  if (query.has('uploadId')) return [{ action: 's3:ListMultipartUploadParts', resource }];
  const get = { action: query.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject', resource };
  if (!facts.hasObject(target.bucket, target.key))
    return [get, { action: 's3:ListBucket', resource: bucketArn(target.bucket) }];
  // The headers of an object reveal nothing of its contents, except its checksum.
  const needsKey = method === 'GET' || headers['x-amz-checksum-mode'] === 'ENABLED';
  return needsKey ? [get, ...usesKey(target, facts, 'Decrypt')] : [get];
};

const ofObject = (request: WireRequest, target: Target, facts: Facts): readonly Check[] => {
  const { method, query, headers } = request;
  const resource = `${bucketArn(target.bucket)}/${target.key}`;
  const isUpload = query.has('uploadId');
  const isPlain = !['acl', 'tagging', 'retention', 'legal-hold', 'attributes', 'torrent'].some(
    (name) => query.has(name),
  );
  if (!isPlain) throw new NotMapped(`${method} of an object with ${query}`);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return reading(request, target, facts);
    case 'DELETE':
      if (isUpload) return [{ action: 's3:AbortMultipartUpload', resource }];
      return [{ action: removalOf(query.get('versionId') ?? undefined), resource }];
    case 'POST':
    case 'PUT': {
      if (headers['x-amz-copy-source'] || headers['x-amz-tagging'])
        throw new NotMapped(`${method} of an object that is a copy, or has tags`);
      const keys = {
        's3:if-none-match': one(headers['if-none-match']),
        's3:if-match': one(headers['if-match']),
        's3:x-amz-server-side-encryption': one(headers['x-amz-server-side-encryption']),
        's3:x-amz-acl': one(headers['x-amz-acl']),
      };
      // A multipart upload needs the key for decryption, both in each part and in its completion with checksums.
      const operation = isUpload ? 'Decrypt' : 'GenerateDataKey';
      return [{ action: 's3:PutObject', resource, keys }, ...usesKey(target, facts, operation)];
    }
    default:
      throw new NotMapped(`${method} of an object`);
  }
};

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'object' ? value.join(',') : value;

const removalOf = (versionId: string | undefined): string =>
  versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';

const isRemovalOfMany = ({ method, query }: Pick<WireRequest, 'method' | 'query'>): boolean =>
  method === 'POST' && query.has('delete');

/** The objects that a DeleteObjects names: each is allowed or refused separately. */
const removalsOf = (request: WireRequest): readonly Part[] => {
  if (!isRemovalOfMany(request)) return [];
  const { bucket } = targetOf(request);
  return elements(request.body, 'Object').map((object) => {
    const key = textOf(object, 'Key') ?? '';
    const versionId = textOf(object, 'VersionId');
    const check = { action: removalOf(versionId), resource: `${bucketArn(bucket)}/${key}` };
    return { id: removalId(key, versionId), check };
  });
};

export const s3Requests: ServiceRequests = {
  needsBody: isRemovalOfMany,
  checksOf: (request, facts) => {
    const target = targetOf(request);
    if (isRemovalOfMany(request)) return [];
    return target.key === '' ? ofBucket(request, target) : ofObject(request, target, facts);
  },
  parts: { of: removalsOf, note: noteRefusedRemovals },
  refusal: ({ method }, message) => ({
    status: 403,
    headers: { 'content-type': 'application/xml' },
    ...(method === 'HEAD'
      ? {}
      : { body: xml('Error', { Code: 'AccessDenied', Message: message }) }),
  }),
};
