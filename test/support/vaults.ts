import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { makeVault } from '../../adapters/s3/vault.ts';
import type { Vault } from '../../core/ports.ts';
import type { Queues } from './queues.ts';

export interface TestVault extends Vault {
  readonly bucket: string;
  /** Stores an object of a few bytes. */
  put(key: string): Promise<void>;
  /** Begins a multipart upload and leaves it, as a worker does that dies; answers its id. */
  beginUpload(key: string): Promise<string>;
  keys(): Promise<string[]>;
  uploadedKeys(): Promise<string[]>;
}

/** An empty vault on the emulator that is S3 and SQS. */
export const newVault = ({ endpoint, server }: Queues): TestVault => {
  const bucket = `vault-${randomUUID()}`;
  server.createBucket(bucket);
  const client = new S3Client({
    endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const vault = makeVault({ bucket, client });
  const keysOf = async (found: AsyncIterable<{ readonly key: string }>): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of found) keys.push(key);
    return keys.sort();
  };
  return {
    ...vault,
    bucket,
    put: async (key) => {
      await vault.store({
        key,
        body: Readable.from([Buffer.from('a backup')]),
        atMostBytes: 1024,
        contentType: 'application/octet-stream',
        downloadName: 'backup',
      });
    },
    beginUpload: async (key) => {
      const begun = await client.send(
        new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }),
      );
      return begun.UploadId ?? '';
    },
    keys: () => keysOf(vault.list('backups/')),
    uploadedKeys: () => keysOf(vault.uploads('backups/')),
  };
};
