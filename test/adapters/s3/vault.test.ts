import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, openStore, request, vaultOn } from './store.ts';

let store: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());

describe('removing', () => {
  it('takes the key itself and leaves longer ones that begin with it', async () => {
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

describe('download URLs', () => {
  it('give the object to whoever holds them, and name the file', async () => {
    const vault = vaultOn(store.client);
    const key = 'backups/%22q%22/x.dump';
    await vault.store(request(key, Readable.from([Buffer.from('hello')])));
    const answer = await fetch(await vault.downloadUrl(key, 'q.dump', 900));
    expect(await answer.text()).toBe('hello');
  });
});
