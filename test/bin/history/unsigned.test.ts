import { describe, expect, it } from 'vitest';
import { manifestKeyBeside } from '../../../core/keys.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { messageToSign } from '../../../core/manifest-signature.ts';
import { ACTIVE } from '../../../core/project.ts';
import { pendingBackup } from '../../support/backups.ts';
import { TEST_KEY, testKey } from '../../support/manifest-keys.ts';
import { daysAgo, inDays, kindsOf, manifestOf, type Room } from './room.ts';
import { roomForEach } from './room-for-each.ts';

/** Manifests without a row, by their signer. */
let room: Room;
roomForEach((made) => {
  room = made;
});

const bytes = Buffer.from('a backup');
const backupOf = (changes = {}) =>
  pendingBackup({
    projectId: 'acme',
    schemaName: 'acme',
    createdAt: daysAgo(2),
    expiresAt: inDays(9),
    attempt: 1,
    ...changes,
  });

/** Stores object and manifest where they belong, as anyone who may write there could. */
const lay = async (manifest: Manifest, at: string = manifest.object.key): Promise<void> => {
  await room.put(at, bytes);
  await room.put(manifestKeyBeside(at), JSON.stringify(manifest));
};
const signed = async (
  manifest: Manifest,
  by = TEST_KEY,
  at = manifest.object.key,
): Promise<Manifest> => ({
  ...manifest,
  signature: await by.sign(messageToSign(manifestKeyBeside(at), manifest)),
});
const register = (schemaName: string) =>
  room.registry().register({ id: 'acme', name: 'Acme', schemaName, status: ACTIVE }, 'main');
const why = async (acceptUnsigned = false, ports = {}): Promise<string | undefined> => {
  const { written, omitted } = await room.rebuild({ acceptUnsigned }, ports);
  expect(written.length + omitted.length).toBe(1);
  return omitted[0]?.why;
};

describe('a manifest without a signature', () => {
  it('is refused, and named by compare, until it is requested', async () => {
    await lay(manifestOf(backupOf(), bytes));
    expect(await why()).toContain('--accept-unsigned');
    expect(kindsOf(await room.compare())).toEqual(['refused']);
  });

  it('is then accepted for the schema that the registry has, and for no other', async () => {
    await lay(manifestOf(backupOf(), bytes));
    expect(await why(true)).toContain('run a discovery first');
    await register('acme_2');
    expect(await why(true)).toContain('"acme_2"');
    await register('acme');
    expect(await why(true)).toBeUndefined();
    expect((await room.listed('acme')).map(({ schemaName }) => schemaName)).toEqual(['acme']);
  });

  it('is refused with the schemas of two', async () => {
    await register('acme');
    const own = manifestOf(backupOf(), bytes);
    await lay({ ...own, project: { ...own.project, schemas: ['acme', 'beta'] } });
    expect(await why(true)).toContain('several schemas');
  });
});

describe('a manifest that is signed', () => {
  it('is accepted, with the schema that the project had then, and the digest is stored in its row', async () => {
    await register('acme_2');
    await lay(await signed(manifestOf(backupOf(), bytes)));
    expect(await why()).toBeUndefined();
    const [row] = await room.listed('acme');
    expect(row?.schemaName).toBe('acme');
    expect(row?.manifestSha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await room.registry().get('acme'))?.schemaName).toBe('acme_2');
    expect(kindsOf(await room.compare())).toEqual([]);
  });

  it.each<[string, () => Promise<Manifest>]>([
    ['by another key', () => signed(manifestOf(backupOf(), bytes), testKey('foreign'))],
    [
      'and was changed',
      async () => {
        const own = await signed(manifestOf(backupOf(), bytes));
        return { ...own, project: { ...own.project, schemaName: 'beta' } };
      },
    ],
    [
      'for another place',
      () => signed(manifestOf(backupOf(), bytes), TEST_KEY, 'backups/beta/x-1.dump'),
    ],
  ])('%s is refused, whatever is accepted', async (_name, forge) => {
    await register('beta');
    await lay(await forge());
    expect(await why(true)).toContain('it is not signed with a given key');
    expect(kindsOf(await room.compare())).toEqual(['refused']);
  });

  it('by an earlier key is accepted if that key is given', async () => {
    const before = testKey('before');
    await lay(await signed(manifestOf(backupOf(), bytes), before));
    expect(await why(false, { manifestKeys: before })).toBeUndefined();
  });

  it('is refused if no key was given', async () => {
    await lay(await signed(manifestOf(backupOf(), bytes)));
    const { manifestKeys: _, ...keyless } = room.ports();
    const { omitted } = await room.rebuildWith(keyless);
    expect(omitted[0]?.why).toContain('--manifest-key');
  });

  it('and changed after its row was written is a difference', async () => {
    const { manifest, manifestKey } = await room.stored();
    await room.put(
      manifestKey,
      JSON.stringify({ ...manifest, functions: [{ schema: 's', name: 'f' }] }),
    );
    const { findings } = await room.compare();
    expect(findings).toMatchObject([{ kind: 'disagree', why: expect.stringContaining('SHA-256') }]);
  });
});
