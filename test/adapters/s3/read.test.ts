import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeVaultReader } from '../../../adapters/s3/read.ts';
import { makeVault } from '../../../adapters/s3/vault.ts';
import { type ObjectStore, startObjectStore } from '../../../local/emulators/s3/server.ts';

/** The fate of one GET, by its number from 1 and its headers. */
type Course =
  | { readonly kind: 'pass' }
  /** The connection is cut, or goes silent, after so many bytes of the answer. */
  | { readonly kind: 'cut' | 'silence'; readonly after: number }
  | { readonly kind: 'status'; readonly status: number }
  /** Never answered. */
  | { readonly kind: 'hang' };

const SIZE = 3 * 1024 ** 2 + 17;
const content = randomBytes(SIZE);
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let store: ObjectStore;
let folder: string;
let proxy: http.Server;
let client: S3Client;
let course: (call: number, headers: http.IncomingHttpHeaders) => Course;
const calls: http.IncomingHttpHeaders[] = [];
const open = new Set<http.IncomingMessage>();

const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  calls.push(request.headers);
  open.add(request);
  response.once('close', () => open.delete(request));
  const now = course(calls.length, request.headers);
  if (now.kind === 'status') return void response.writeHead(now.status).end();
  if (now.kind === 'hang') return;
  const target = new URL(request.url ?? '/', store.url);
  http.get(target, { headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    let left = now.kind === 'pass' ? Number.POSITIVE_INFINITY : now.after;
    answer.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      response.write(chunk.subarray(0, left), () => {
        if (left <= 0 && now.kind === 'cut') request.socket.resetAndDestroy();
      });
      left -= chunk.length;
    });
    answer.on('end', () => now.kind === 'pass' && response.end());
  });
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'larder-read-'));
  store = await startObjectStore(folder);
  await store.createBucket('vault');
  proxy = http.createServer(serve);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const settings = {
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  client = new S3Client({ ...settings, endpoint: `http://127.0.0.1:${port}` });
  const direct = new S3Client({ ...settings, endpoint: store.url });
  await makeVault({ bucket: 'vault', client: direct }).store({
    key: 'backup',
    body: Readable.from([content]),
    contentType: 'application/octet-stream',
    downloadName: 'backup',
  });
  direct.destroy();
});
afterEach(() => {
  calls.length = 0;
});
afterAll(async () => {
  client.destroy();
  proxy.closeAllConnections();
  proxy.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

const reader = (silenceMs = 60_000) =>
  makeVaultReader({ bucket: 'vault', client, patience: { tries: 4, pauseMs: 1, silenceMs } });

const all = async (stream: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const PASS: Course = { kind: 'pass' };

describe('an object of the vault', () => {
  it('is read byte for byte, in one request', async () => {
    course = () => PASS;
    expect(digest(await all(reader().read('backup')))).toBe(digest(content));
    expect(calls).toHaveLength(1);
  });

  it('is resumed wherever its connection breaks, and only if it is still the same', async () => {
    course = (call) => (call < 6 ? { kind: 'cut', after: call * 100_001 } : PASS);
    expect(digest(await all(reader().read('backup')))).toBe(digest(content));
    const etags = calls.map((headers) => headers['if-match']);
    expect(etags[0]).toBeUndefined();
    expect(new Set(etags.slice(1)).size).toBe(1);
    expect(etags[1]).toMatch(/^"[0-9a-f]{32}/);
    // Some bytes of each answer may be lost with its connection, but none is requested twice.
    const from = calls.map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? 'bytes=0-')?.[1]));
    expect(from).toEqual([...from].sort((a, b) => a - b));
  });

  it('is resumed when it goes silent', async () => {
    course = (call) => (call === 1 ? { kind: 'silence', after: 70_000 } : PASS);
    expect(digest(await all(reader(100).read('backup')))).toBe(digest(content));
    expect(calls).toHaveLength(2);
  });

  it('may wait longer than that for its reader', async () => {
    course = () => PASS;
    const stream = reader(100).read('backup');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      if (!chunks.length) await sleep(350);
      chunks.push(chunk as Buffer);
    }
    expect(digest(Buffer.concat(chunks))).toBe(digest(content));
    expect(calls).toHaveLength(1);
  });

  it('is read in part, from any byte, and to its end if more is requested', async () => {
    course = () => PASS;
    const part = async (from: number, bytes?: number) =>
      digest(await all(reader().read('backup', { from, ...(bytes !== undefined && { bytes }) })));
    expect(await part(0, 1)).toBe(digest(content.subarray(0, 1)));
    expect(await part(1000, 100_000)).toBe(digest(content.subarray(1000, 101_000)));
    expect(await part(SIZE - 5)).toBe(digest(content.subarray(SIZE - 5)));
    expect(await part(SIZE - 5, 500)).toBe(digest(content.subarray(SIZE - 5)));
    expect(await part(SIZE + 5, 500)).toBe(digest(Buffer.alloc(0)));
  });

  it('resumed within a part ends with the part', async () => {
    course = (call) => (call === 1 ? { kind: 'cut', after: 50_000 } : PASS);
    const bytes = await all(reader().read('backup', { from: 1000, bytes: 100_000 }));
    expect(digest(bytes)).toBe(digest(content.subarray(1000, 101_000)));
    expect(calls[1]?.range).toMatch(/-100999$/);
  });
});

describe('reading fails by name', () => {
  const failing = async (given: typeof course) => {
    course = given;
    return await all(reader().read('backup')).then(
      () => undefined,
      (error: Error) => error,
    );
  };

  it('if there is no object', async () => {
    course = () => PASS;
    await expect(all(reader().read('none'))).rejects.toMatchObject({ name: 'BackupGone' });
  });

  it('if it breaks repeatedly without a byte', async () => {
    const error = await failing(() => ({ kind: 'status', status: 503 }));
    expect(error).toMatchObject({ name: 'ReadInterrupted', retryable: true });
    expect(calls).toHaveLength(4);
  });

  it('if another object replaced it', async () => {
    const error = await failing((_, headers) =>
      headers['if-match'] ? { kind: 'status', status: 412 } : { kind: 'cut', after: 1000 },
    );
    expect(error).toMatchObject({ name: 'ReadInterrupted' });
    expect(error?.message).toContain('another object has replaced it');
  });

  it('at once if the vault refuses', async () => {
    const error = await failing(() => ({ kind: 'status', status: 403 }));
    expect(error).toMatchObject({ name: 'VaultRefused', retryable: false });
    // One GET, and one listing to know whether the object is there.
    expect(calls).toHaveLength(2);
  });
});

describe('a reader that stops', () => {
  it('ends a request that is not answered yet', async () => {
    course = () => ({ kind: 'hang' });
    const stream = reader().read('backup').resume();
    while (!open.size) await sleep(10);
    stream.destroy();
    for (let tries = 0; open.size && tries < 200; tries += 1) await sleep(10);
    expect(open.size).toBe(0);
  });

  it('ends the request', async () => {
    course = () => ({ kind: 'silence', after: 70_000 });
    const stream = reader().read('backup');
    for await (const _ of stream) break;
    for (let tries = 0; open.size && tries < 200; tries += 1) await sleep(10);
    expect(open.size).toBe(0);
  });
});
