import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { makeVault } from '../../../adapters/s3/vault.ts';
import { startObjectStore } from '../../../local/emulators/s3/server.ts';
import { type Meddle, startHttpProxy } from '../../support/http-proxy.ts';

/** The local stack's S3 with a bucket `vault`, and an optional proxy in front of it. */
export const MIB = 1024 ** 2;

export const clientOf = (endpoint: string, maxAttempts = 1): S3Client =>
  new S3Client({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  });

export const vaultOn = (s3: S3Client) => makeVault({ bucket: 'vault', client: s3 });

export const openStore = async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'larder-vault-'));
  const server = await startObjectStore(folder);
  await server.createBucket('vault');
  const client = clientOf(server.url);
  return {
    client,
    /** Runs with a client, and the URL, of a proxy that interferes. */
    withProxy: async (
      meddle: Meddle,
      body: (s3: S3Client, proxyUrl: string) => Promise<void>,
    ): Promise<void> => {
      const proxy = await startHttpProxy(server.url, meddle);
      const s3 = clientOf(proxy.url);
      try {
        await body(s3, proxy.url);
      } finally {
        s3.destroy();
        await proxy.close();
      }
    },
    close: async () => {
      client.destroy();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
};

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** Noise in small chunks, which may break off. */
export async function* pieces(total: number, failAfter?: number): AsyncGenerator<Buffer> {
  const piece = randomBytes(64 * 1024);
  for (let sent = 0; sent < total; sent += piece.length) {
    if (failAfter !== undefined && sent >= failAfter) throw new Error('the dump broke');
    yield piece.subarray(0, Math.min(piece.length, total - sent));
  }
}

export const request = (key: string, body: Readable) => ({
  key,
  body,
  contentType: 'application/octet-stream',
  downloadName: 'acme.dump',
});
