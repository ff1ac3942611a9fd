import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeVaultReader } from '../../../adapters/s3/read.ts';
import { openStore, request, vaultOn } from './store.ts';

const THERE = 'backups/acme/there.manifest.json';
const GONE = 'backups/acme/gone.manifest.json';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
  // The second is a key that begins with the deleted one.
  for (const key of [THERE, `${GONE}.bak`])
    await vaultOn(store.client).store(request(key, Readable.from([Buffer.from('x')])));
});
afterAll(() => store.close());

interface Rights {
  /** The keys that may be read. */
  readonly reads: readonly string[];
  readonly lists: boolean;
}

/** S3 for a caller that may list below a prefix only: a GET or HEAD of a missing object is forbidden, too. */
const withRights = async (
  { reads, lists }: Rights,
  body: (client: S3Client, asked: readonly string[]) => Promise<void>,
): Promise<void> => {
  const asked: string[] = [];
  await store.withProxy(
    ({ method, url }) => {
      const { pathname, searchParams } = new URL(url, 'http://vault');
      asked.push(`${method} ${pathname}`);
      const may = searchParams.has('list-type')
        ? lists
        : reads.includes(pathname.replace('/vault/', ''));
      return may ? 'pass' : { status: 403 };
    },
    (client) => body(client, asked),
  );
};

const read = async (client: S3Client, key: string): Promise<void> => {
  const body = makeVaultReader({ bucket: 'vault', client }).read(key);
  body.resume();
  await once(body, 'end');
};

describe('a caller that may list below a prefix only', () => {
  it('finds that an object is gone, though S3 forbids it', async () => {
    await withRights({ reads: [THERE], lists: true }, async (client) => {
      expect(await vaultOn(client).head(GONE)).toBeUndefined();
      expect(await vaultOn(client).readManifest(GONE)).toBeUndefined();
      await expect(read(client, GONE)).rejects.toMatchObject({ name: 'BackupGone' });
    });
  });

  it('finds that without a request that is refused', async () => {
    await withRights({ reads: [], lists: true }, async (client, asked) => {
      expect(await vaultOn(client).readManifest(GONE)).toBeUndefined();
      expect(asked).toEqual(['GET /vault/']);
    });
  });

  it('knows that an object exists, and reads it with no other request', async () => {
    await withRights({ reads: [THERE], lists: true }, async (client, asked) => {
      expect(await vaultOn(client).head(THERE)).toEqual({ key: THERE, bytes: 1 });
      expect(asked).toEqual(['GET /vault/']);
      await read(client, THERE);
      expect(asked).toEqual(['GET /vault/', `GET /vault/${THERE}`]);
    });
  });

  it.each([
    [THERE, true],
    [THERE, false],
    [GONE, false],
  ])('does not report a forbidden object as gone: %s, listed: %s', async (key, lists) => {
    await withRights({ reads: [], lists }, async (client) => {
      const refused = { name: 'VaultRefused' };
      await expect(vaultOn(client).readManifest(key)).rejects.toMatchObject(refused);
      await expect(read(client, key)).rejects.toMatchObject(refused);
      if (!lists) await expect(vaultOn(client).head(key)).rejects.toMatchObject(refused);
    });
  });
});
