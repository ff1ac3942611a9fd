import type { Objects } from './objects.ts';
import type { Uploads } from './uploads.ts';
import { xml } from './xml.ts';

/** S3's lists of a bucket. Keys are URL-encoded if the caller asks for it, as the SDK does. */
interface Listed {
  readonly objects: Objects;
  readonly uploads: Uploads;
  readonly bucket: string;
  readonly query: URLSearchParams;
}

const PAGE = 1000;

const pageOf = (query: URLSearchParams, parameter: string): number =>
  Math.min(PAGE, Number(query.get(parameter) ?? PAGE) || PAGE);

const encoderOf = (query: URLSearchParams): ((key: string) => string) =>
  query.get('encoding-type') === 'url'
    ? (key) => encodeURIComponent(key).replaceAll('%2F', '/')
    : (key) => key;

const after = <T extends { readonly key: string }>(items: readonly T[], marker: string): T[] =>
  items.filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0);

/** ListObjectsV2. The continuation token is the last key, in base64. */
export const listObjects = ({ objects, bucket, query }: Listed): string => {
  const encode = encoderOf(query);
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const from = token ? Buffer.from(token, 'base64').toString() : (query.get('start-after') ?? '');
  const left = after(objects.keys(bucket, prefix), from);
  const page = left.slice(0, pageOf(query, 'max-keys'));
  const last = page.at(-1)?.key ?? '';
  const more = page.length < left.length;
  return xml('ListBucketResult', {
    Name: bucket,
    Prefix: encode(prefix),
    KeyCount: page.length,
    MaxKeys: pageOf(query, 'max-keys'),
    IsTruncated: more,
    EncodingType: query.get('encoding-type') ?? undefined,
    NextContinuationToken: more ? Buffer.from(last).toString('base64') : undefined,
    Contents: page.map(({ key, size, etag, lastModified }) => ({
      Key: encode(key),
      LastModified: lastModified,
      ETag: etag,
      Size: size,
      StorageClass: 'STANDARD',
    })),
  });
};

/** ListObjectVersions. */
export const listVersions = ({ objects, bucket, query }: Listed): string => {
  const encode = encoderOf(query);
  const prefix = query.get('prefix') ?? '';
  const left = after(objects.keys(bucket, prefix), query.get('key-marker') ?? '');
  const page = left.slice(0, pageOf(query, 'max-keys'));
  const more = page.length < left.length;
  return xml('ListVersionsResult', {
    Name: bucket,
    Prefix: encode(prefix),
    IsTruncated: more,
    EncodingType: query.get('encoding-type') ?? undefined,
    NextKeyMarker: more ? encode(page.at(-1)?.key ?? '') : undefined,
    NextVersionIdMarker: more ? 'null' : undefined,
    Version: page.map(({ key, size, etag, lastModified }) => ({
      Key: encode(key),
      VersionId: 'null',
      IsLatest: true,
      LastModified: lastModified,
      ETag: etag,
      Size: size,
    })),
  });
};

/** ListMultipartUploads, in one page: a machine has few of them. */
export const listUploads = ({ uploads, bucket, query }: Listed): string => {
  const encode = encoderOf(query);
  const prefix = query.get('prefix') ?? '';
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket,
    Prefix: encode(prefix),
    IsTruncated: false,
    EncodingType: query.get('encoding-type') ?? undefined,
    Upload: uploads
      .list(bucket, prefix)
      .map(({ key, id, initiated }) => ({ Key: encode(key), UploadId: id, Initiated: initiated })),
  });
};
