import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UploadInterrupted, VaultRefused } from '../../../core/errors/vault.ts';
import type { Call } from '../../support/http-proxy.ts';
import { clientOf, collect, MIB, openStore, pieces, request, vaultOn } from './store.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());

const DONE_BUT_500 = { status: 500, done: true };

describe('storing', () => {
  it('keeps exactly the bytes of the body, in parts', async () => {
    const content = randomBytes(20 * MIB + 17);
    const stored = await vaultOn(store.client).store(
      request('backups/a/whole.dump', Readable.from([content])),
    );
    expect(stored).toEqual({ key: 'backups/a/whole.dump', bytes: content.length });
    const found = await store.client.send(
      new GetObjectCommand({ Bucket: 'vault', Key: stored.key }),
    );
    const bytes = await found.Body?.transformToByteArray();
    const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
    expect(digest(bytes ?? new Uint8Array())).toBe(digest(content));
    expect(found.ContentDisposition).toBe('attachment; filename="acme.dump"');
  });

  it.each([
    [undefined, 9],
    [127 * MIB, 9],
    [128 * MIB, 3],
  ])(
    'of a body of which %s bytes are expected takes %i parts for 41 MiB',
    async (expectedBytes, parts) => {
      let sent = 0;
      await store.withProxy(
        ({ method, url }) => {
          if (method === 'PUT' && url.includes('partNumber=')) sent += 1;
          return 'pass';
        },
        async (client) => {
          const body = Readable.from(pieces(41 * MIB));
          await vaultOn(client).store({
            ...request(`backups/expected/${expectedBytes}.dump`, body),
            ...(expectedBytes !== undefined && { expectedBytes }),
          });
        },
      );
      expect(sent).toBe(parts);
    },
  );

  it('releases the memory of chunks that no one else reads, and of no others', async () => {
    const whole = (bytes: number) => Buffer.from(randomBytes(bytes).buffer.slice(0, bytes));
    const chunks = [whole(3 * MIB), whole(9 * MIB), whole(100)];
    const carved = whole(200).subarray(50, 150);
    const content = Buffer.concat([...chunks, carved]);
    for (const isSoleReader of [false, true]) {
      const key = `backups/memory/${isSoleReader}.dump`;
      const body = Readable.from([...chunks, carved]);
      await vaultOn(store.client).store({ ...request(key, body), isSoleReader });
      const found = await store.client.send(new GetObjectCommand({ Bucket: 'vault', Key: key }));
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
    const vault = vaultOn(store.client);
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
    await store.withProxy(partThree, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/part/x.dump', body))).rejects.toThrow(
        UploadInterrupted,
      );
    });
    expect(pulled).toBeLessThan(100 * MIB);
    expect(await vaultOn(store.client).head('backups/part/x.dump')).toBeUndefined();
    expect(await collect(vaultOn(store.client).uploads('backups/part/'))).toEqual([]);
  });

  it('a part whose try fails half way is sent again completely', async () => {
    let tries = 0;
    const once = ({ url }: Call) => {
      if (!url.includes('partNumber=2') || tries > 0) return 'pass';
      tries += 1;
      return 'reset';
    };
    const content = randomBytes(20 * MIB);
    await store.withProxy(once, async (_, url) => {
      const patient = clientOf(url, 3);
      await vaultOn(patient).store(request('backups/again/x.dump', Readable.from([content])));
      patient.destroy();
    });
    const found = await store.client.send(
      new GetObjectCommand({ Bucket: 'vault', Key: 'backups/again/x.dump' }),
    );
    expect(content.equals((await found.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(
      true,
    );
    expect(tries).toBe(1);
  });

  it('a completion that succeeded but whose answer was lost counts as done', async () => {
    const completion = ({ url, method }: Call) =>
      method === 'POST' && url.includes('uploadId=') ? DONE_BUT_500 : 'pass';
    await store.withProxy(completion, async (s3) => {
      const stored = await vaultOn(s3).store(
        request('backups/lost/x.dump', Readable.from(pieces(20 * MIB))),
      );
      expect(stored.bytes).toBe(20 * MIB);
    });
    expect(await vaultOn(store.client).head('backups/lost/x.dump')).toEqual({
      key: 'backups/lost/x.dump',
      bytes: 20 * MIB,
    });
  });

  it('a completion that S3 refuses leaves nothing', async () => {
    const completion = ({ url, method }: Call) =>
      method === 'POST' && url.includes('uploadId=') ? { status: 500 } : 'pass';
    await store.withProxy(completion, async (s3) => {
      const storing = vaultOn(s3).store(
        request('backups/no/x.dump', Readable.from(pieces(20 * MIB))),
      );
      await expect(storing).rejects.toThrow(UploadInterrupted);
    });
    expect(await collect(vaultOn(store.client).uploads('backups/no/'))).toEqual([]);
  });

  it('a part that S3 refuses ends a body that has no data yet', async () => {
    const refused = ({ url }: Call) => (url.includes('partNumber=') ? { status: 403 } : 'pass');
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(9 * MIB));
    await store.withProxy(refused, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/idle/x.dump', body))).rejects.toThrow(
        VaultRefused,
      );
    });
    expect(body.destroyed).toBe(true);
    expect(await collect(vaultOn(store.client).uploads('backups/idle/'))).toEqual([]);
  });

  it('a body that breaks waits for no part that S3 does not answer', async () => {
    const body = new Readable({ read: () => undefined });
    body.push(randomBytes(40 * MIB));
    const silent = ({ url }: Call) => {
      if (!url.includes('partNumber=')) return 'pass';
      body.destroy(new Error('the dump broke'));
      return 'hang';
    };
    await store.withProxy(silent, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/silent/x.dump', body))).rejects.toThrow(
        'the dump broke',
      );
    });
    expect(await collect(vaultOn(store.client).uploads('backups/silent/'))).toEqual([]);
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
    await store.withProxy(damage, async (s3) => {
      await expect(
        vaultOn(s3).store(request(key, Readable.from([randomBytes(bytes)]))),
      ).rejects.toThrow('BadDigest');
    });
    expect(await vaultOn(store.client).head(key)).toBeUndefined();
  });

  it('an object that is not as large as the body is not kept', async () => {
    const shorter = ({ url, headers }: Call) => {
      if (url.includes('uploadId=') && headers['x-amz-mp-object-size'])
        headers['x-amz-mp-object-size'] = String(Number(headers['x-amz-mp-object-size']) - 1);
      return 'pass' as const;
    };
    const body = Readable.from([randomBytes(20 * MIB)]);
    await store.withProxy(shorter, async (s3) => {
      await expect(vaultOn(s3).store(request('backups/short/x.dump', body))).rejects.toThrow(
        VaultRefused,
      );
    });
    expect(await vaultOn(store.client).head('backups/short/x.dump')).toBeUndefined();
  });
});
