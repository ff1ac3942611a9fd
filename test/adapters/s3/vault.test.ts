import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST } from '../../../core/contract.ts';
import { storeManifest } from '../../../functions/export/store.ts';
import { pendingBackup } from '../../support/backups.ts';
import { manifestOf } from '../../support/manifests.ts';
import { collect, openStore, request, vaultOn } from './store.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());

describe('removing', () => {
  it('removes the key itself and leaves longer ones that begin with it', async () => {
    const vault = vaultOn(store.client);
    for (const key of ['backups/r/x.dump', 'backups/r/x.dump.more']) {
      await vault.store(request(key, Readable.from([Buffer.from('x')])));
    }
    await vault.remove(['backups/r/x.dump', 'backups/r/never-was']);
    expect((await collect(vault.list('backups/r/'))).map(({ key }) => key)).toEqual([
      'backups/r/x.dump.more',
    ]);
  });
});

describe('manifests', () => {
  const asked = pendingBackup({});
  const object = { key: 'backups/m/x.dump', bytes: 1, sha256: 'a'.repeat(64) };
  const large = 'x'.repeat(MANIFEST.mostBytes);

  it('are read as they were written, with the reported digest', async () => {
    const vault = vaultOn(store.client);
    const { sha256 } = await vault.storeManifest(
      'backups/m/own.manifest.json',
      manifestOf(asked, { object }),
    );
    const found = await vault.readManifest('backups/m/own.manifest.json');
    expect(found).toMatchObject({ sha256, manifest: { object } });
    expect(await vault.readManifest('backups/m/none.manifest.json')).toBeUndefined();
  });

  it('are neither written nor read if they exceed the maximum size', async () => {
    const vault = vaultOn(store.client);
    const key = 'backups/m/large.manifest.json';
    const manifest = manifestOf(asked, { object, warnings: [large] });
    const tooLarge = { name: 'ManifestTooLarge', message: expect.stringContaining(key) };
    await expect(vault.storeManifest(key, manifest)).rejects.toMatchObject(tooLarge);
    expect(await vault.head(key)).toBeUndefined();
    await vault.store(request(key, Readable.from([Buffer.from(JSON.stringify(manifest))])));
    await expect(vault.readManifest(key)).rejects.toMatchObject(tooLarge);
  });

  it('are not parsed if another one is wanted, or if they are nested more than any manifest', async () => {
    const vault = vaultOn(store.client);
    const key = 'backups/m/hostile.manifest.json';
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const body = JSON.stringify(manifestOf(asked, { object })).replace(/\}$/, `, "x": ${deep}}`);
    await vault.store(request(key, Readable.from([Buffer.from(body)])));
    await expect(vault.readManifest(key)).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('nested'),
    });
    await expect(vault.readManifest(key, 'a'.repeat(64))).rejects.toMatchObject({
      name: 'ManifestReplaced',
    });
  });

  it('are written without definitions if these make them too large', async () => {
    const vault = vaultOn(store.client);
    const key = 'backups/m/many.manifest.json';
    const definitions = [{ kind: 'table', name: large, digest: 'd' }];
    const made = manifestOf(asked, { object, definitions, standIns: [] });
    const { manifest, sha256 } = await storeManifest({ vault }, key, made);
    expect(await vault.readManifest(key)).toMatchObject({ manifest, sha256 });
    expect(manifest).not.toHaveProperty('definitions');
    expect(manifest).not.toHaveProperty('standIns');
    expect(manifest.warnings.join()).toContain('does not list the definitions');
  });
});

describe('download URLs', () => {
  it('return the object to their holder, and name the file', async () => {
    const vault = vaultOn(store.client);
    const key = 'backups/%22q%22/x.dump';
    await vault.store(request(key, Readable.from([Buffer.from('hello')])));
    const answer = await fetch(await vault.downloadUrl(key, 'q.dump', 900));
    expect(await answer.text()).toBe('hello');
  });
});
