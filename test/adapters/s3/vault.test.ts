import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeVault } from '../../../adapters/s3/vault.ts';
import { UploadInterrupted, VaultRefused } from '../../../core/errors.ts';
import { type ObjectStore, startObjectStore } from '../../../local/emulators/s3/server.ts';
import { type Call, type Meddle, startHttpProxy } from '../../support/http-proxy.ts';

const MIB = 1024 ** 2;
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
let server: ObjectStore;
let folder: string;
let client: S3Client;

const clientOf = (endpoint: string) =>
  new S3Client({
    endpoint,
    region: 'eu-central-1',
    credentials,
    maxAttempts: 1,
  });

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'larder-vault-'));
  server = await startObjectStore(folder);
  client = clientOf(server.url);
  await server.createBucket('vault');
});
afterAll(async () => {
  client.destroy();
  await server.close();
  rmSync(folder, { recursive: true });
});

const DONE_BUT_500 = { status: 500, done: true };

const vaultOn = (s3: S3Client) => makeVault({ bucket: 'vault', client: s3 });

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

async function* pieces(total: number, failAfter?: number): AsyncGenerator<Buffer> {
  const piece = randomBytes(64 * 1024);
  for (let sent = 0; sent < total; sent += piece.length) {
    if (failAfter !== undefined && sent >= failAfter) throw new Error('the dump broke');
    yield piece.subarray(0, Math.min(piece.length, total - sent));
  }
}

const request = (key: string, body: Readable) => ({
  key,
  body,
  contentType: 'application/octet-stream',
  downloadName: 'acme.dump',
});

const withProxy = async (meddle: Meddle, body: (s3: S3Client) => Promise<void>) => {
  const proxy = await startHttpProxy(server.url, meddle);
  const s3 = clientOf(proxy.url);
  try {
    await body(s3);
  } finally {
    s3.destroy();
    await proxy.close();
  }
};

describe('storing', () => {
  it('keeps exactly the bytes of the body, in parts', async () => {
    const content = randomBytes(20 * MIB + 17);
    const stored = await vaultOn(client).store(
      request('backups/a/whole.dump', Readable.from([content])),
    );
    expect(stored).toEqual({ key: 'backups/a/whole.dump', bytes: content.length });
    const found = await client.send(new GetObjectCommand({ Bucket: 'vault', Key: stored.key }));
    const bytes = await found.Body?.transformToByteArray();
    const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
    expect(digest(bytes ?? new Uint8Array())).toBe(digest(content));
    expect(found.ContentDisposition).toBe('attachment; filename="acme.dump"');
  });

  it('gives the memory of chunks back where nobody else reads them, and of no others', async () => {
    const whole = (bytes: number) => Buffer.from(randomBytes(bytes).buffer.slice(0, bytes));
    const chunks = [whole(3 * MIB), whole(9 * MIB), whole(100)];
    const carved = whole(200).subarray(50, 150);
    const content = Buffer.concat([...chunks, carved]);
    for (const isSoleReader of [false, true]) {
      const key = `backups/memory/${isSoleReader}.dump`;
      const body = Readable.from([...chunks, carved]);
      await vaultOn(client).store({ ...request(key, body), isSoleReader });
      const found = await client.send(new GetObjectCommand({ Bucket: 'vault', Key: key }));
      expect(content.equals((await found.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(
        true,
      );
      expect(chunks.map(({ length }) => length === 0)).toEqual(chunks.map(() => isSoleReader));
      expect(carved.length).toBe(100);
    }
  });

  it.each([
    ['before its first byte', 0],
    ['within its first part', 3 * MIB],
    ['after several parts', 30 * MIB],
  ])('a body that breaks %s leaves no object and no unfinished upload', async (_, failAfter) => {
    const vault = vaultOn(client);
    const key = `backups/broken/${failAfter}.dump`;
    const storing = vault.store(request(key, Readable.from(pieces(40 * MIB, failAfter))));
    await expect(storing).rejects.toThrow('the dump broke');
    expect(await vault.head(key)).toBeUndefined();
    expect(await collect(vault.uploads('backups/broken/'))).toEqual([]);
  });

  it('a part that S3 refuses ends the upload, reads no further, and leaves nothing', async () => {
    let pulled = 0;
    const body = Readable.from(
      (async function* () {
        for await (const piece of pieces(400 * MIB)) {
          pulled += piece.length;
          yield piece;
        }
      })(),
    );
    const partThree = ({ url }: Call) => (url.includes('partNumber=3') ? { status: 500 } : 'pass');
    await withProxy(partThree, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/part/x.dump', body))).rejects.toThrow(
        UploadInterrupted,
      );
    });
    expect(pulled).toBeLessThan(100 * MIB);
    expect(await vaultOn(client).head('backups/part/x.dump')).toBeUndefined();
    expect(await collect(vaultOn(client).uploads('backups/part/'))).toEqual([]);
  });

  it('a completion that was done but whose answer was lost counts as done', async () => {
    const completion = ({ url, method }: Call) =>
      method === 'POST' && url.includes('uploadId=') ? DONE_BUT_500 : 'pass';
    await withProxy(completion, async (s3) => {
      const stored = await vaultOn(s3).store(
        request('backups/lost/x.dump', Readable.from(pieces(20 * MIB))),
      );
      expect(stored.bytes).toBe(20 * MIB);
    });
    expect(await vaultOn(client).head('backups/lost/x.dump')).toEqual({
      key: 'backups/lost/x.dump',
      bytes: 20 * MIB,
    });
  });

  it('a completion that S3 refuses leaves nothing', async () => {
    const completion = ({ url, method }: Call) =>
      method === 'POST' && url.includes('uploadId=') ? { status: 500 } : 'pass';
    await withProxy(completion, async (s3) => {
      const storing = vaultOn(s3).store(
        request('backups/no/x.dump', Readable.from(pieces(20 * MIB))),
      );
      await expect(storing).rejects.toThrow(UploadInterrupted);
    });
    expect(await collect(vaultOn(client).uploads('backups/no/'))).toEqual([]);
  });

  it('a part that S3 refuses ends a body that has nothing to give', async () => {
    const refused = ({ url }: Call) => (url.includes('partNumber=') ? { status: 403 } : 'pass');
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(9 * MIB));
    await withProxy(refused, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/idle/x.dump', body))).rejects.toThrow(
        VaultRefused,
      );
    });
    expect(body.destroyed).toBe(true);
    expect(await collect(vaultOn(client).uploads('backups/idle/'))).toEqual([]);
  });

  it('a body that breaks waits for no part that S3 does not answer', async () => {
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(40 * MIB));
    const silent = ({ url }: Call) => {
      if (!url.includes('partNumber=')) return 'pass';
      body.destroy(new Error('the dump broke'));
      return 'hang';
    };
    await withProxy(silent, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/silent/x.dump', body))).rejects.toThrow(
        'the dump broke',
      );
    });
    expect(await collect(vaultOn(client).uploads('backups/silent/'))).toEqual([]);
  });

  it.each([
    ['a part', 20 * MIB, 'partNumber=2'],
    ['an object put at once', 1000, 'x-id=PutObject'],
  ])('%s that arrives damaged is refused by S3', async (_, bytes, wanted) => {
    const damage = ({ url, body }: Call) => {
      if (url.includes(wanted)) body[0] = (body[0] ?? 0) ^ 1;
      return 'pass' as const;
    };
    const key = `backups/damaged/${bytes}.dump`;
    await withProxy(damage, async (s3) => {
      await expect(
        vaultOn(s3).store(request(key, Readable.from([randomBytes(bytes)]))),
      ).rejects.toThrow('BadDigest');
    });
    expect(await vaultOn(client).head(key)).toBeUndefined();
  });

  it('an object that is not as large as the body is not kept', async () => {
    const shorter = ({ url, headers }: Call) => {
      if (url.includes('uploadId=') && headers['x-amz-mp-object-size'])
        headers['x-amz-mp-object-size'] = String(Number(headers['x-amz-mp-object-size']) - 1);
      return 'pass' as const;
    };
    const body = Readable.from([randomBytes(20 * MIB)]);
    await withProxy(shorter, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/short/x.dump', body))).rejects.toThrow(
        VaultRefused,
      );
    });
    expect(await vaultOn(client).head('backups/short/x.dump')).toBeUndefined();
  });
});

describe('removing', () => {
  it('takes the key itself and leaves longer ones that begin with it', async () => {
    const vault = vaultOn(client);
    for (const key of ['backups/r/x.dump', 'backups/r/x.dump.more']) {
      await vault.store(request(key, Readable.from([Buffer.from('x')])));
    }
    await vault.remove(['backups/r/x.dump', 'backups/r/never-was']);
    expect((await collect(vault.list('backups/r/'))).map(({ key }) => key)).toEqual([
      'backups/r/x.dump.more',
    ]);
  });
});

describe('download URLs', () => {
  it('give the object to whoever holds them, and name the file', async () => {
    const vault = vaultOn(client);
    const key = 'backups/%22q%22/x.dump';
    await vault.store(request(key, Readable.from([Buffer.from('hello')])));
    const answer = await fetch(await vault.downloadUrl(key, 'q.dump', 900));
    expect(await answer.text()).toBe('hello');
  });
});
