import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  makeTemplateStore,
  templateKey,
  turnedOffKey,
} from '../../../adapters/s3/template-store.ts';
import { TEMPLATES } from '../../../core/contract.ts';
import { TEST_KEY, testKey } from '../../support/manifest-keys.ts';
import { openStore, vaultOn } from './store.ts';

const BUCKET = 'vault';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
let store: Awaited<ReturnType<typeof openStore>>;
let now = 0;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());
beforeEach(() => {
  now += 86_400_000;
});

const templatesOf = (source: string, signer = TEST_KEY) =>
  makeTemplateStore({
    bucket: BUCKET,
    client: store.client,
    source,
    signer,
    clock: () => now,
    log: quiet,
  });

const bytesAt = async (key: string): Promise<Buffer> => {
  const found = await store.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Buffer.from((await found.Body?.transformToByteArray()) ?? []);
};

const putAt = (key: string, body: Buffer) =>
  store.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));

const ENTRY = Buffer.from('an entry\nof two lines, and \0 bytes');

describe('kept templates', () => {
  it('are read as they were written, and again when they were written anew', async () => {
    const templates = templatesOf('main');
    expect(await templates.read('a')).toBeUndefined();
    await templates.write('a', ENTRY);
    expect(await templates.read('a')).toEqual(ENTRY);
    await templates.write('a', Buffer.from('another'));
    expect(await templates.read('a')).toEqual(Buffer.from('another'));
  });

  it('are in the folder of their source', async () => {
    await templatesOf('one.two').write('a', ENTRY);
    const listed = await store.client.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'templates/one%2Etwo/' }),
    );
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['templates/one%2Etwo/a']);
  });

  it.each<[string, (stored: Buffer) => Buffer]>([
    ['a changed byte', (stored) => Buffer.concat([stored.subarray(0, -1), Buffer.from('!')])],
    ['a byte more', (stored) => Buffer.concat([stored, Buffer.from(' ')])],
    ['its end missing', (stored) => stored.subarray(0, -1)],
    ['its signature missing', (stored) => stored.subarray(stored.indexOf('\n') + 1)],
    ['a head that is no JSON', (stored) => Buffer.concat([Buffer.from('{'), stored])],
    ['no line at all', () => Buffer.alloc(100_000, 'x')],
    ['no byte', () => Buffer.alloc(0)],
    ['another kind of JSON', () => Buffer.from('{"signature":["x"]}\nentry')],
    [
      'a signature of other bytes',
      () =>
        Buffer.from('{"signature":{"algorithm":"HMAC_SHA_256","keyId":"key","mac":"AAAA"}}\nentry'),
    ],
    ['more bytes than an entry may have', () => Buffer.alloc(TEMPLATES.mostBytes + 5000, 'x')],
  ])('count as missing with %s', async (_, damage) => {
    const templates = templatesOf('main');
    await templates.write('damaged', ENTRY);
    const key = templateKey('main', 'damaged');
    await putAt(key, damage(await bytesAt(key)));
    expect(await templates.read('damaged')).toBeUndefined();
  });

  it('count as missing if another key signed them', async () => {
    await templatesOf('main', testKey('stranger')).write('foreign', ENTRY);
    expect(await templatesOf('main').read('foreign')).toBeUndefined();
  });

  it('are valid under their own name, and in their own source, only', async () => {
    await templatesOf('main').write('moved', ENTRY);
    const stored = await bytesAt(templateKey('main', 'moved'));
    await putAt(templateKey('main', 'elsewhere'), stored);
    await putAt(templateKey('other', 'moved'), stored);
    expect(await templatesOf('main').read('elsewhere')).toBeUndefined();
    expect(await templatesOf('other').read('moved')).toBeUndefined();
  });
});

describe('keeping', () => {
  const why = {
    at: '2026-11-30T00:00:00.000Z',
    schemas: ['a'],
    madeAt: '2026-11-29T00:00:00.000Z',
    entry: 'TABLE "a"."b"',
  };

  it('is turned off for one source, at once in the process that does it and after five minutes in others', async () => {
    const [here, there, other] = [templatesOf('off'), templatesOf('off'), templatesOf('other')];
    expect(await there.isTurnedOff()).toBe(false);
    await here.turnOff(why);
    expect(await here.isTurnedOff()).toBe(true);
    expect(await there.isTurnedOff()).toBe(false);
    now += TEMPLATES.turnedOffSeconds * 1000;
    expect(await there.isTurnedOff()).toBe(true);
    expect(await other.isTurnedOff()).toBe(false);
    expect(JSON.parse((await bytesAt(turnedOffKey('off'))).toString())).toEqual(why);
  });

  it('is on again once an operator has removed the object', async () => {
    const templates = templatesOf('again');
    await templates.turnOff(why);
    await vaultOn(store.client).remove([turnedOffKey('again')]);
    now += TEMPLATES.turnedOffSeconds * 1000;
    expect(await templates.isTurnedOff()).toBe(false);
  });
});
