import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { makeVault } from '../../adapters/s3/vault.ts';
import type { Vault } from '../../core/vault-ports.ts';
import { startObjectStore } from '../../local/emulators/s3/server.ts';
import { TEST_KEY } from './manifest-keys.ts';

export interface TestVault extends Vault {
  readonly bucket: string;
  /** Stores an object of a few bytes. */
  put(key: string): Promise<void>;
  /** Begins a multipart upload and leaves it, like a worker that dies; returns its id. */
  beginUpload(key: string): Promise<string>;
  keys(): Promise<string[]>;
  uploadedKeys(): Promise<string[]>;
}

export interface Vaults {
  /** For `AWS_ENDPOINT_URL_S3` of a process under test. */
  readonly endpoint: string;
  /** A new empty bucket for each test. */
  newVault(): Promise<TestVault>;
  stop(): Promise<void>;
}

/** Starts the local stack's S3 in this process, on a free port, with its objects in a temporary folder. */
export const startVaults = async (): Promise<Vaults> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'larder-vault-'));
  const store = await startObjectStore(folder);
  return {
    endpoint: store.url,
    newVault: async () => {
      const bucket = `vault-${randomUUID()}`;
      await store.createBucket(bucket);
      return openVault(store.url, bucket);
    },
    stop: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
};

const openVault = (endpoint: string, bucket: string): TestVault => {
  const client = new S3Client({
    endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const vault = makeVault({ bucket, client, signer: TEST_KEY });
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
