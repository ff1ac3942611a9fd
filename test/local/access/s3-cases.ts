import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { BUCKET, type Clients, KEY, may, type Statement, VIA_S3 } from './enforced.ts';

/** The request, and all permissions that it needs. */
export type Cases = Readonly<
  Record<string, readonly [(clients: Clients) => Promise<unknown>, readonly Statement[]]>
>;

const S3_KEY = { Bucket: 'vault', Key: 'backups/new' };
const THERE = { Bucket: 'vault', Key: 'backups/there' };
export const objects = (action: string) => may(action, `${BUCKET}/backups/*`);
export const prefix = { StringLike: { 's3:prefix': 'backups/*' } };

export const S3_CASES = {
  'S3 PutObject': [
    ({ s3 }) => s3.send(new PutObjectCommand({ ...S3_KEY, Body: 'x' })),
    [objects('s3:PutObject'), may('kms:GenerateDataKey', KEY, VIA_S3)],
  ],
  'S3 GetObject': [
    ({ s3 }) => s3.send(new GetObjectCommand(THERE)),
    [objects('s3:GetObject'), may('kms:Decrypt', KEY, VIA_S3)],
  ],
  'S3 GetObject of a URL signed in advance': [
    async ({ s3 }) => {
      const answer = await fetch(await getSignedUrl(s3, new GetObjectCommand(THERE)));
      const body = await answer.text();
      if (!answer.ok) throw Object.assign(new Error(body), { name: /<Code>(\w+)/.exec(body)?.[1] });
    },
    [objects('s3:GetObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 GetObject of nothing': [
    ({ s3 }) => s3.send(new GetObjectCommand({ ...THERE, Key: 'backups/none' })),
    [objects('s3:GetObject'), may('s3:ListBucket', BUCKET)],
  ],
  'S3 HeadObject, which needs no key': [
    ({ s3 }) => s3.send(new HeadObjectCommand(THERE)),
    [objects('s3:GetObject')],
  ],
  'S3 HeadObject of nothing': [
    ({ s3 }) => s3.send(new HeadObjectCommand({ ...THERE, Key: 'backups/none' })),
    [objects('s3:GetObject'), may('s3:ListBucket', BUCKET)],
  ],
  'S3 ListObjectsV2': [
    ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucket', BUCKET, prefix)],
  ],
  'S3 ListObjectVersions': [
    ({ s3 }) => s3.send(new ListObjectVersionsCommand({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucketVersions', BUCKET, prefix)],
  ],
  'S3 ListMultipartUploads': [
    ({ s3 }) => s3.send(new ListMultipartUploadsCommand({ Bucket: 'vault', Prefix: 'backups/' })),
    [may('s3:ListBucketMultipartUploads', BUCKET)],
  ],
  'S3 CreateMultipartUpload': [
    ({ s3 }) => s3.send(new CreateMultipartUploadCommand(S3_KEY)),
    [objects('s3:PutObject'), may('kms:GenerateDataKey', KEY)],
  ],
  'S3 UploadPart': [
    ({ s3 }) =>
      s3.send(new UploadPartCommand({ ...S3_KEY, UploadId: 'u', PartNumber: 1, Body: 'x' })),
    [objects('s3:PutObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 CompleteMultipartUpload': [
    ({ s3 }) => s3.send(new CompleteMultipartUploadCommand({ ...S3_KEY, UploadId: 'u' })),
    [objects('s3:PutObject'), may('kms:Decrypt', KEY)],
  ],
  'S3 AbortMultipartUpload': [
    ({ s3 }) => s3.send(new AbortMultipartUploadCommand({ ...S3_KEY, UploadId: 'u' })),
    [objects('s3:AbortMultipartUpload')],
  ],
  'S3 DeleteObject': [
    ({ s3 }) => s3.send(new DeleteObjectCommand(S3_KEY)),
    [objects('s3:DeleteObject')],
  ],
  'S3 DeleteObject of a version': [
    ({ s3 }) => s3.send(new DeleteObjectCommand({ ...S3_KEY, VersionId: 'null' })),
    [objects('s3:DeleteObjectVersion')],
  ],
} as const satisfies Cases;
