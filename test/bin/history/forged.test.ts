import { describe, expect, it } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { MANIFEST } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { DAY, pendingBackup } from '../../support/backups.ts';
import { daysAgo, kindsOf, manifestOf, type Room } from './room.ts';
import { roomForEach } from './room-for-each.ts';

let room: Room;
roomForEach((made) => {
  room = made;
});

/** What a tenant may write who has the prefix of `mallory`, and nothing else. */
const MALLORY = 'backups/mallory/';
const createdAt = daysAgo(3);
const time = `${createdAt.replace(/[-:]/g, '').slice(0, 15)}Z`;
const bytes = Buffer.from('forged');
const honest = (changes = {}) =>
  pendingBackup({ projectId: 'mallory', createdAt, attempt: 1, ...changes });

/** The key that fits, but for what a test changes in it. */
const keyOf = (id: string, { project = 'mallory', at = time, attempt = '1' } = {}): string =>
  `backups/${project}/${at}-${id}-${attempt}.manifest.json`;

type Forge = (own: Manifest) => {
  readonly manifest: unknown;
  readonly key?: string;
  /** Instead of the manifest as JSON. */
  readonly text?: string;
};
/** A manifest with a signature that has to be checked, and a member that is written as it is. */
const signedWith = (own: Manifest, member: string) => ({
  manifest: own,
  text: JSON.stringify({ ...own, signature: FALSE_SIGNATURE }).replace(/\}$/, `, ${member}}`),
});
const FALSE_SIGNATURE = { algorithm: MANIFEST.macAlgorithm, keyId: 'k', mac: 'x'.repeat(44) };
const victim = pendingBackup({ projectId: 'acme', createdAt, attempt: 1 });
const FORGERIES: readonly (readonly [string, Forge])[] = [
  ["another project's manifest", () => ({ manifest: manifestOf(victim, bytes) })],
  [
    "another project's manifest, under its backup's own id",
    () => ({ manifest: manifestOf(victim, bytes), key: keyOf(victim.id) }),
  ],
  [
    "another project's name",
    (own) => ({ manifest: { ...own, project: { ...own.project, id: 'acme' } } }),
  ],
  [
    "another project's name in another spelling of its own folder",
    (own) => ({ manifest: own, key: keyOf(own.backup.id, { project: '%6Dallory' }) }),
  ],
  [
    "a folder of another project's name in its own",
    () => ({
      manifest: manifestOf(victim, bytes),
      key: `${MALLORY}acme/${time}-${victim.id}-1.manifest.json`,
    }),
  ],
  [
    "another project's object",
    (own) => ({
      manifest: { ...own, object: { ...own.object, key: manifestOf(victim, bytes).object.key } },
    }),
  ],
  [
    'an object of another kind than its format',
    (own) => ({
      manifest: { ...own, object: { ...own.object, key: own.object.key.replace('.dump', '.sql') } },
    }),
  ],
  [
    "another project's globals",
    (own) => ({
      manifest: { ...own, globals: { ...own.object, key: 'backups/acme/x.globals.sql' } },
    }),
  ],
  ['another backup', (own) => ({ manifest: { ...own, backup: { ...own.backup, id: victim.id } } })],
  ['another attempt', (own) => ({ manifest: { ...own, backup: { ...own.backup, attempt: 7 } } })],
  [
    'another time',
    (own) => ({ manifest: { ...own, backup: { ...own.backup, createdAt: daysAgo(1) } } }),
  ],
  [
    'a time that is no instant',
    (own) => ({
      manifest: { ...own, backup: { ...own.backup, createdAt: `${createdAt.slice(0, 19)}.1239Z` } },
    }),
  ],
  [
    'a backup of days to come, which would outlive all others',
    () => {
      const ahead = Date.now() + 40 * DAY;
      const backup = honest({ id: uuidv7(ahead), createdAt: iso(ahead) });
      const manifest = manifestOf(backup, bytes);
      return { manifest, key: manifest.object.key.replace('.dump', '.manifest.json') };
    },
  ],
  [
    'the id of a backup of days to come',
    () => {
      const manifest = manifestOf(honest({ id: uuidv7(Date.now() + 40 * DAY) }), bytes);
      return { manifest, key: manifest.object.key.replace('.dump', '.manifest.json') };
    },
  ],
  [
    'a source of no name',
    (own) => ({ manifest: { ...own, source: { ...own.source, name: 'a#b' } } }),
  ],
  [
    'timings without end',
    (own) => ({ manifest: { ...own, timings: { ...own.timings, totalMs: 1e300 } } }),
  ],
  ['no manifest', () => ({ manifest: { hello: 'world' } })],
  ['no JSON', () => ({ manifest: undefined })],
  [
    'nesting without end',
    (own) => signedWith(own, `"x": ${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  ],
  [
    "another project's schema, by a second member of the name",
    (own) => signedWith(own, `"project": ${JSON.stringify({ ...own.project, id: 'acme' })}`),
  ],
  ['members of every object', (own) => signedWith(own, `"__proto__": {"written": true}`)],
  [
    'an unpaired surrogate and control characters',
    (own) => signedWith(own, `"environment": "\\ud800\\u202e\\u0000"`),
  ],
  [
    'a text that no row can hold',
    (own) => ({
      manifest: { ...own, backup: { ...own.backup, description: 'x'.repeat(500_000) } },
    }),
  ],
];

describe('a tenant who may write below its own prefix', () => {
  it.each(FORGERIES)('writes no history with %s', async (_, forge) => {
    const acme = await room.stored({ projectId: 'acme' });
    const own = manifestOf(honest(), bytes);
    const { manifest, key = keyOf(own.backup.id), text } = forge(own);
    expect(key.startsWith(MALLORY) || key.startsWith('backups/%6D')).toBe(true);
    await room.put(key, text ?? (manifest === undefined ? '{' : JSON.stringify(manifest)));
    // Every object that any of them names is there.
    for (const name of [own.object.key, key.replace('.manifest.json', '.dump')])
      await room.put(name, bytes);
    const rebuilt = await room.rebuild();
    expect({}).not.toHaveProperty('written');
    expect(rebuilt).toMatchObject({ written: [], omitted: [{ kind: 'refused', key }] });
    expect([...(await room.all()).values()].filter(({ pk }) => pk === 'PROJECT#mallory')).toEqual(
      [],
    );
    expect(await room.history().list('acme', { limit: 10 })).toEqual({ items: [acme.backup] });
    expect(
      kindsOf(await room.compare()).some(
        (kind) => kind === 'refused' || kind === 'foreign' || kind === 'row-missing',
      ),
    ).toBe(true);
  });

  it('can have its own history, which the same unforged manifest proves', async () => {
    const manifest = manifestOf(honest(), bytes);
    await room.put(manifest.object.key, bytes);
    await room.vault.storeManifest(keyOf(manifest.backup.id), manifest);
    expect(await room.rebuild()).toMatchObject({
      written: [{ projectId: 'mallory', backupId: manifest.backup.id }],
      omitted: [],
    });
  });
});

describe('a damaged vault', () => {
  it('gives no row for an object that is cut, missing, or another; the others are not blocked', async () => {
    const [cut, gone, swapped, good, shared, globals] = [
      await room.stored({ createdAt: daysAgo(9) }),
      await room.stored({ createdAt: daysAgo(8) }),
      await room.stored({ createdAt: daysAgo(7) }),
      await room.stored({ createdAt: daysAgo(6) }),
      await room.stored({ projectId: '_shared-main', createdAt: daysAgo(6), globals: true }),
      await room.stored({ projectId: '_shared-main', createdAt: daysAgo(5), globals: true }),
    ];
    await room.put(cut.key, 'the');
    await room.vault.remove([gone.key]);
    await room.put(swapped.key, 'x'.repeat(swapped.manifest.object.bytes));
    await room.vault.remove([globals.manifest.globals?.key ?? '']);
    await room.loseTable();
    const dry = await room.rebuild({ dryRun: true });
    expect(dry.written.map(({ backupId }) => backupId).sort()).toEqual(
      [swapped, good, shared].map(({ backup }) => backup.id).sort(),
    );
    const rebuilt = await room.rebuild({ checksums: true });
    expect(rebuilt.written.map(({ backupId }) => backupId).sort()).toEqual(
      [good, shared].map(({ backup }) => backup.id).sort(),
    );
    expect(new Set(rebuilt.omitted.map(({ kind, key }) => `${kind} ${key}`))).toEqual(
      new Set([cut, gone, swapped, globals].map(({ manifestKey }) => `incomplete ${manifestKey}`)),
    );
  });
});

describe('keys of an earlier template', () => {
  const template = 'backups/{projectId}/{createdAt}/{attempt}/{backupId}';
  const elsewhere = 'backups/production/{projectId}/{attempt}-{createdAt}-{backupId}';

  it('are refused until it is named, and accepted with it', async () => {
    const stored = [
      await room.stored({ template, createdAt: daysAgo(9) }),
      await room.stored({ template: elsewhere, createdAt: daysAgo(8) }),
      await room.stored({ createdAt: daysAgo(7) }),
    ];
    // Between the folders of the one project.
    await room.stored({ projectId: 'beta' });
    // Rows that name them explain them, whatever the template.
    expect(await room.compare()).toMatchObject({ same: 4, findings: [] });
    await room.loseTable();
    const refused = await room.rebuild();
    expect(refused.written).toHaveLength(2);
    expect(refused.omitted.map(({ kind }) => kind)).toEqual(['refused', 'refused']);
    expect(kindsOf(await room.compare())).toEqual(Array(4).fill('foreign'));
    const templates = ['backups/{projectId}/{createdAt}-{backupId}-{attempt}', template, elsewhere];
    const rebuilt = await room.rebuild({ templates });
    expect(rebuilt).toMatchObject({ there: 2, omitted: [], manifests: 4, projects: 2 });
    expect(await room.listed('acme')).toHaveLength(3);
    expect(await room.compare({ templates })).toMatchObject({
      same: 4,
      findings: [],
      vault: { projects: 2, objects: 4, manifests: 4 },
    });
    expect(new Set((await room.listed('acme')).map(({ fileId }) => fileId))).toEqual(
      new Set(stored.map(({ key }) => key)),
    );
  });
});
