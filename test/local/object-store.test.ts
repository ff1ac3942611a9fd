import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ObjectStore, startObjectStore } from '../../local/emulators/s3/server.ts';
import { CREDENTIALS, REGION } from '../../local/region.ts';

const Bucket = 'vault';
let root: string;
let store: ObjectStore;
let client: S3Client;

const open = async (): Promise<void> => {
  store = await startObjectStore(root);
  await store.createBucket(Bucket);
  client = new S3Client({ endpoint: store.url, region: REGION, credentials: CREDENTIALS });
};

const close = async (): Promise<void> => {
  client.destroy();
  await store.close();
};

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'larder-store-'));
  await open();
});
afterEach(async () => {
  await close();
  await rm(root, { recursive: true });
});

const bytesOf = async (Key: string): Promise<Buffer> => {
  const found = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await found.Body?.transformToByteArray()) ?? []);
};

describe('the object store', () => {
  it('keeps an object as the file its key names, through a restart', async () => {
    const Key = 'backups/acme%20%22north%22/20261121T020000Z-1-1.dump';
    const bytes = randomBytes(12 * 1024 ** 2);
    const upload = new Upload({
      client,
      partSize: 5 * 1024 ** 2,
      params: { Bucket, Key, Body: Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]) },
    });
    await upload.done();
    await close();
    await open();
    expect((await bytesOf(Key)).equals(bytes)).toBe(true);
    expect((await readFile(path.join(root, Bucket, Key))).equals(bytes)).toBe(true);
  });

  it('accepts ids longer than a file name may be', async () => {
    const Key = `backups/${'%C3%BC'.repeat(64)}/x.dump`;
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'text' }));
    expect((await bytesOf(Key)).toString()).toBe('text');
    const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'backups/' }));
    expect(listed.Contents?.map((object) => object.Key)).toEqual([Key]);
  });

  it('keeps no key outside its bucket', async () => {
    const Key = '../../escaped';
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'text' })).catch(() => undefined);
    await expect(readFile(path.join(root, '..', 'escaped'))).rejects.toThrow('ENOENT');
  });

  it('refuses a second object under a key that must be new', async () => {
    const put = (Body: string) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'once', Body, IfNoneMatch: '*' }));
    await put('first');
    await expect(put('second')).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect((await bytesOf('once')).toString()).toBe('first');
  });

  it.each([{ ChecksumCRC32: 'AAAAAA==' }, { ChecksumSHA256: 'A'.repeat(43).concat('=') }])(
    'refuses bytes that their checksum does not fit: %j',
    async (checksum) => {
      const put = new PutObjectCommand({ Bucket, Key: 'bad', Body: 'text', ...checksum });
      await expect(client.send(put)).rejects.toMatchObject({ name: 'BadDigest' });
      await expect(
        client.send(new HeadObjectCommand({ Bucket, Key: 'bad' })),
      ).rejects.toMatchObject({
        name: 'NotFound',
      });
    },
  );

  it('lists unfinished uploads, and finds them after a restart', async () => {
    const begun = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'backups/a' }));
    const UploadId = begun.UploadId ?? '';
    await client.send(
      new UploadPartCommand({ Bucket, Key: 'backups/a', UploadId, PartNumber: 1, Body: 'x' }),
    );
    await close();
    await open();
    const listed = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: 'backups/' }),
    );
    expect(listed.Uploads?.map((one) => [one.Key, one.UploadId])).toEqual([
      ['backups/a', UploadId],
    ]);
    await expect(bytesOf('backups/a')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('removes objects with their versions, and pages through more than a page', async () => {
    for (let i = 0; i < 5; i += 1) {
      await client.send(new PutObjectCommand({ Bucket, Key: `k/${i}`, Body: String(i) }));
    }
    const first = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 3 }));
    const ContinuationToken = first.NextContinuationToken;
    const second = await client.send(
      new ListObjectsV2Command({ Bucket, ...(ContinuationToken ? { ContinuationToken } : {}) }),
    );
    expect([...(first.Contents ?? []), ...(second.Contents ?? [])].map((one) => one.Key)).toEqual([
      'k/0',
      'k/1',
      'k/2',
      'k/3',
      'k/4',
    ]);
    const versions = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'k/' }));
    const Objects = (versions.Versions ?? []).map(({ Key, VersionId }) => ({ Key, VersionId }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });

  it('gives a presigned download its file name, ranges, and an end', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'file', Body: '0123456789' }));
    const ResponseContentDisposition = 'attachment; filename="acme.dump"';
    const command = new GetObjectCommand({ Bucket, Key: 'file', ResponseContentDisposition });
    const url = await getSignedUrl(client, command, { expiresIn: 60 });
    const answer = await fetch(url, { headers: { range: 'bytes=2-4' } });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe('234');
    expect(answer.headers.get('content-disposition')).toBe(ResponseContentDisposition);
    const old = await getSignedUrl(client, command, {
      expiresIn: 60,
      signingDate: new Date(Date.now() - 120_000),
    });
    expect((await fetch(old)).status).toBe(403);
  });
});
