import { expect, it } from 'vitest';
import type { Backup } from '../../core/backup.ts';
import { completionOf } from '../../core/completion.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type ManifestVerifier, messageToSign } from '../../core/manifest-signature.ts';
import { trustedManifest } from '../../core/trusted-manifest.ts';
import { pendingBackup } from '../support/backups.ts';
import { TEST_KEY, testKey } from '../support/manifest-keys.ts';
import { manifestOf, storedManifest } from '../support/manifests.ts';

/** What an attacker who may write below a project's prefix stores instead of a manifest. */
const asked = pendingBackup({ projectId: 'acme', schemaName: 'acme' });
const FILE = 'backups/acme/x-1.dump';
const KEY = manifestKeyBeside(FILE);
const OBJECT = { key: FILE, bytes: 7, sha256: 'a'.repeat(64) };
const plain = manifestOf(asked, {
  object: OBJECT,
  functions: [{ schema: 'acme', name: 'f' }],
  definitions: [{ kind: 'table', name: 'acme.t', digest: 'd' }],
});

const signed = async (manifest: Manifest, key = KEY, by = TEST_KEY): Promise<Manifest> => ({
  ...manifest,
  signature: await by.sign(messageToSign(key, manifest)),
});

type Row = 'with a digest' | 'without one';
const rowOf = async (original: Manifest, kind: Row): Promise<Backup> => {
  const { sha256 } = storedManifest(original, KEY);
  const { manifestSha256, ...completion } = completionOf(original, sha256, 0);
  const digest = kind === 'with a digest' && manifestSha256 !== undefined ? { manifestSha256 } : {};
  return { ...asked, ...completion, ...digest, status: 'completed' };
};

const read = (backup: Backup, there: Manifest, manifestKeys: ManifestVerifier = TEST_KEY) =>
  trustedManifest(
    { vault: { readManifest: async () => storedManifest(there, KEY) }, manifestKeys },
    backup,
    FILE,
  );

it.each<[Row, string]>([
  ['with a digest', 'digest'],
  ['without one', 'signature'],
])('a row %s accepts the stored manifest', async (kind, vouched) => {
  const original = await signed(plain);
  expect(await read(await rowOf(original, kind), original)).toEqual({
    manifest: original,
    vouched,
  });
});

it('an old row accepts its unsigned manifest as before', async () => {
  expect(await read(await rowOf(plain, 'without one'), plain)).toMatchObject({ vouched: 'row' });
});

it('signatures of an earlier key count as long as it is configured', async () => {
  const [now, before] = [testKey('now'), testKey('before')];
  const both: ManifestVerifier = {
    verify: async (...given) => (await now.verify(...given)) || (await before.verify(...given)),
  };
  const original = await signed(plain, KEY, before);
  const row = await rowOf(original, 'without one');
  expect(await read(row, original, both)).toMatchObject({ vouched: 'signature' });
  await expect(read(row, original, now)).rejects.toMatchObject({ name: 'BackupDamaged' });
});

const others = manifestOf({ ...asked, projectId: 'beta', schemaName: 'beta' }, { object: OBJECT });
const { definitions: _, ...withoutDefinitions } = plain;
const FORGERIES: readonly (readonly [string, () => Promise<Manifest>])[] = [
  ["another project's manifest", () => signed(others)],
  [
    'another schema',
    async () => ({ ...(await signed(plain)), project: { ...plain.project, schemaName: 'beta' } }),
  ],
  [
    'two schemas',
    async () => ({
      ...(await signed(plain)),
      project: { ...plain.project, schemas: ['acme', 'beta'] },
    }),
  ],
  [
    'no definitions',
    async () => ({ ...withoutDefinitions, signature: (await signed(plain)).signature }),
  ],
  ['no functions', async () => ({ ...(await signed(plain)), functions: [] })],
  [
    'the key of another object',
    () => signed({ ...plain, object: { ...OBJECT, key: 'backups/beta/y-1.dump' } }),
  ],
  [
    'a signature for another place',
    () => signed({ ...plain, functions: [] }, 'backups/beta/y-1.manifest.json'),
  ],
  [
    'a signature of another key',
    () => signed({ ...plain, functions: [] }, KEY, testKey('foreign')),
  ],
];

it.each(FORGERIES)('%s is refused by any row of a signed manifest', async (_name, forge) => {
  const original = await signed(plain);
  const there = await forge();
  for (const kind of ['with a digest', 'without one'] as const) {
    await expect(read(await rowOf(original, kind), there)).rejects.toMatchObject({
      name: 'BackupDamaged',
    });
  }
});

it('a manifest without its signature is refused by a row that has its digest', async () => {
  const row = await rowOf(await signed(plain), 'with a digest');
  await expect(read(row, plain)).rejects.toMatchObject({ name: 'BackupDamaged' });
});

it.each([
  ['another schema', { ...plain, project: { ...plain.project, schemaName: 'beta' } }],
  ['two schemas', { ...plain, project: { ...plain.project, schemas: ['acme', 'beta'] } }],
  ['another project', others],
])('%s is refused by an old row too', async (_name, there) => {
  await expect(read(await rowOf(plain, 'without one'), there)).rejects.toMatchObject({
    name: 'BackupDamaged',
  });
});

it('the same content in another order is the same message; any other content is another one', () => {
  const { tables, ...rest } = plain;
  const turned = JSON.parse(JSON.stringify({ tables, ...rest }, null, 4));
  expect(messageToSign(KEY, turned)).toBe(messageToSign(KEY, plain));
  expect(messageToSign(KEY, { ...turned, globals: undefined })).toBe(messageToSign(KEY, plain));
  expect(messageToSign(`${KEY}x`, turned)).not.toBe(messageToSign(KEY, turned));
  for (const changed of [
    { ...plain, more: 1 },
    { ...plain, functions: [] },
    { ...plain, warnings: ['x'] },
    { ...plain, globals: null },
  ])
    expect(messageToSign(KEY, changed)).not.toBe(messageToSign(KEY, turned));
  expect(Buffer.byteLength(messageToSign('k'.repeat(1024), turned))).toBeLessThan(4096);
});
