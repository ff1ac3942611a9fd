import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeManifestSigner, makeManifestVerifier } from '../../../adapters/kms/manifest-keys.ts';
import { ensureKey, keysIn, startKeys } from '../../../local/emulators/keys.ts';
import type { Listening } from '../../../local/emulators/loopback.ts';

/** Signing and verifying, on the local stack's KMS. */
let folder: string;
let emulator: Listening;
let client: KMSClient;
const connect = async (): Promise<void> => {
  emulator = await startKeys(folder);
  client = new KMSClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
};
beforeAll(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'larder-keys-')), 'keys');
  for (const id of ['Now', 'Before', 'Foreign']) await ensureKey(folder, id);
  await connect();
});
afterAll(async () => {
  client.destroy();
  await emulator.close();
  await rm(path.dirname(folder), { recursive: true });
});

const signer = (...keys: string[]) => makeManifestSigner({ keys, client });
const verifier = (...keys: string[]) => makeManifestVerifier({ keys, client });

it('verifies what its own key signed, and nothing else', async () => {
  const signature = await signer('Now').sign('message');
  expect(signature.keyId).toMatch(/^arn:aws:kms:.*:key\/Now$/);
  expect(await verifier('Now').verify('message', signature)).toBe(true);
  expect(await signer('Now').hasSigned('message', signature)).toBe(true);
  expect(await verifier('Now').verify('another', signature)).toBe(false);
  expect(await signer('Now').hasSigned('another', signature)).toBe(false);
  for (const mac of ['', 'x', Buffer.alloc(32).toString('base64')]) {
    expect(await verifier('Now').verify('message', { ...signature, mac })).toBe(false);
    expect(await signer('Now').hasSigned('message', { ...signature, mac })).toBe(false);
  }
  expect(await verifier('Now').verify('message', { ...signature, algorithm: 'HMAC_SHA_1' })).toBe(
    false,
  );
});

it('accepts a configured old key, and no other', async () => {
  const [before, foreign] = [await signer('Before').sign('m'), await signer('Foreign').sign('m')];
  expect(await verifier('Now', 'Before').verify('m', before)).toBe(true);
  expect(await verifier('Now', before.keyId).verify('m', before)).toBe(true);
  expect(await verifier('Now').verify('m', before)).toBe(false);
  expect(await verifier('Now', 'Before').verify('m', foreign)).toBe(false);
  // A forger who names a configured key under a foreign signature lacks its MAC.
  expect(await verifier('Now').verify('m', { ...foreign, keyId: 'Now' })).toBe(false);
});

it('does not ask KMS about a value that is no HMAC, whatever its length', async () => {
  const signature = await signer('Now').sign('m');
  const asked = vi.spyOn(client, 'send');
  for (const mac of ['', 'AAAA', '§', signature.mac.slice(4), 'A'.repeat(10_000_000)])
    expect(await verifier('Now').verify('m', { ...signature, mac })).toBe(false);
  expect(asked).not.toHaveBeenCalled();
  asked.mockRestore();
});

it('keeps its keys over a restart, readable for no other user', async () => {
  const signature = await signer('Now').sign('message');
  client.destroy();
  await emulator.close();
  await ensureKey(folder, 'Now');
  await connect();
  expect(await verifier('Now').verify('message', signature)).toBe(true);
  expect([...(await keysIn(folder))].sort()).toEqual(['Before', 'Foreign', 'Now']);
  expect((await stat(path.join(folder, 'Now.key'))).mode & 0o077).toBe(0);
});

it('distinguishes a missing key from a service that does not answer', async () => {
  const signature = await signer('Now').sign('m');
  const gone = { ...signature, keyId: 'Gone' };
  await expect(signer('Gone').sign('m')).rejects.toMatchObject({
    name: 'ManifestKeyRefused',
    retryable: false,
  });
  await expect(verifier('Gone').verify('m', gone)).rejects.toMatchObject({
    name: 'ManifestKeyRefused',
  });
  const silent = new KMSClient({
    endpoint: 'http://127.0.0.1:1',
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  await expect(
    makeManifestVerifier({ keys: ['Now'], client: silent }).verify('m', signature),
  ).rejects.toMatchObject({
    name: 'ManifestKeyUnreachable',
    retryable: true,
  });
  silent.destroy();
});
