import { describe, expect, it } from 'vitest';
import type { Difference } from '../../../bin/history/findings.ts';
import { pendingBackup } from '../../support/backups.ts';
import { daysAgo, inDays, kindsOf, type Room, type Stored } from './room.ts';
import { roomForEach } from './room-for-each.ts';

let room: Room;
roomForEach((made) => {
  room = made;
});

type Break = (stored: Stored) => Promise<unknown>;
const remove =
  (which: 'key' | 'manifestKey'): Break =>
  (stored) =>
    room.vault.remove([stored[which]]);
const edit =
  (name: string, value: unknown): Break =>
  ({ backup }) =>
    room.edit(backup, name, value);
const remake =
  (change: (text: string) => string): Break =>
  ({ manifest, manifestKey }) =>
    room.put(manifestKey, change(JSON.stringify(manifest)));

const BREAKS: readonly (readonly [string, Difference, Break])[] = [
  ['an object that is gone', 'object-missing', remove('key')],
  ['a row that names no object', 'object-missing', edit('fileId', '')],
  ["a row that names another's object", 'object-missing', edit('fileId', 'backups/b/x.dump')],
  [
    'globals that are gone',
    'object-missing',
    (stored) => room.vault.remove([stored.manifest.globals?.key ?? '']),
  ],
  ['a manifest that is gone', 'manifest-missing', remove('manifestKey')],
  ['an object cut short', 'damaged', ({ key }) => room.put(key, 'cut')],
  ['globals cut short', 'damaged', ({ manifest }) => room.put(manifest.globals?.key ?? '', 'cut')],
  ['a row that was lost', 'row-missing', ({ backup }) => room.loseRow(backup)],
  ['a row of another checksum', 'disagree', edit('checksum', 'f'.repeat(64))],
  ['a row of another count of rows', 'disagree', edit('rowCount', 41)],
  ['a row of another count of tables', 'disagree', edit('tableCount', 2)],
  ['a row of other bytes on the server', 'disagree', edit('sourceBytes', 2)],
  ['a row of another time', 'disagree', edit('createdAt', daysAgo(4))],
  ['a row that is kept for longer', 'disagree', edit('expiresAt', inDays(900))],
  ['a row of another content', 'disagree', edit('content', 'schema')],
  ['a row completed before its manifest', 'disagree', edit('completedAt', daysAgo(4))],
  ['a row without a time', 'disagree', edit('completedAt', 'yesterday')],
  ['a row of another size', 'damaged', edit('size', 1)],
  [
    'a manifest of other counts',
    'disagree',
    remake((text) => text.replace('"rows":42', '"rows":43')),
  ],
  ['a manifest that is no JSON', 'refused', remake((text) => text.slice(0, -1))],
  [
    'a manifest of another project',
    'refused',
    remake((text) => text.replace('"id":"b"', '"id":"c"')),
  ],
  ['a row that gave it up as failed', 'left-behind', edit('status', 'failed')],
  ['a row that gave it up as cancelled', 'left-behind', edit('status', 'cancelled')],
  [
    'an object still there after it was deleted',
    'left-behind',
    async ({ backup }) => {
      await room.loseRow(backup);
      await room.history().leaveDeleted(backup, 'retention');
      await room.vault.remove([
        backup.fileId?.replace('.dump', '.manifest.json') ?? '',
        backup.fileId?.replace('.dump', '.globals.sql') ?? '',
      ]);
    },
  ],
  [
    "another attempt's object",
    'left-behind',
    ({ key }) => room.put(key.replace('-1.dump', '-2.dump'), 'x'),
  ],
  [
    'an object of another kind beside it',
    'left-behind',
    ({ key }) => room.put(key.replace('.dump', '.tar'), 'x'),
  ],
  ['something else', 'foreign', ({ key }) => room.put(`${key}~`, 'x')],
];

describe('comparing vault and history', () => {
  it('finds no difference if there is none, whatever states backups are in', async () => {
    const good = await room.stored({ projectId: 'b', globals: true });
    const { backup: changed } = await room.stored({
      projectId: 'c',
      createdAt: daysAgo(60),
      expiresAt: daysAgo(30),
    });
    await room
      .history()
      .change('c', changed.id, { name: 'other', expiresAt: inDays(30), pinned: true });
    const states = ['pending', 'running', 'failed', 'cancelled'].map((name) =>
      pendingBackup({ projectId: name, createdAt: daysAgo(1) }),
    );
    for (const backup of states) await room.history().create(backup);
    const [, running, failed, cancelled] = states;
    const claim = await room.history().claim('running', running?.id ?? '');
    if (claim.kind !== 'claimed') throw new Error('not claimed');
    const stow = await room.stow(claim.work);
    await room.history().failAbandoned('failed', failed?.id ?? '', { name: 'E', message: 'm' });
    await room.history().requestCancel('cancelled', cancelled?.id ?? '');
    const deleted = await room.stored({
      projectId: 'd',
      createdAt: daysAgo(50),
      expiresAt: daysAgo(1),
    });
    await room.loseRow(deleted.backup);
    await room.history().leaveDeleted(deleted.backup, 'retention');
    await room.vault.remove([deleted.key, deleted.manifestKey]);
    expect(await room.compare({ checksums: true })).toEqual({
      vault: {
        projects: 3,
        objects: 3,
        manifests: 3,
        bytes: good.manifest.object.bytes * 2 + stow.manifest.object.bytes,
      },
      history: {
        projects: 7,
        rows: { pending: 1, 'in-progress': 1, completed: 2, failed: 1, cancelled: 1, deleted: 1 },
      },
      same: 2,
      findings: [],
    });
  });

  it.each(BREAKS)('finds %s: %s', async (_, kind, damage) => {
    await room.stored({ projectId: 'a' });
    const stored = await room.stored({ projectId: 'b', globals: true });
    await room.stored({ projectId: 'b', createdAt: daysAgo(2) });
    await damage(stored);
    const found = await room.compare();
    expect(kindsOf(found)).toContain(kind);
    const named = found.findings.find((finding) => finding.kind === kind);
    if (kind !== 'foreign')
      expect(named).toMatchObject({ projectId: 'b', backupId: stored.backup.id });
    // Whole backups are not reported.
    expect(found.same).toBeGreaterThanOrEqual(2);
    expect(await room.compare({ projectId: 'a' })).toMatchObject({ same: 1, findings: [] });
    if (kind !== 'foreign') expect(kindsOf(await room.compare({ projectId: 'b' }))).toContain(kind);
  });

  it('finds objects in the vault without a row: whole, expired, in part', async () => {
    const lost = [
      await room.stored({ createdAt: daysAgo(60), expiresAt: daysAgo(30) }),
      await room.stored({ createdAt: daysAgo(8) }),
      await room.stored({ createdAt: daysAgo(7) }),
      await room.stored({ createdAt: daysAgo(6) }),
      await room.stored({ createdAt: daysAgo(5) }),
    ] as const;
    const [, , alone, witness, cut] = lost;
    await room.vault.remove([alone.manifestKey]);
    await room.vault.remove([witness.key]);
    await room.put(cut.key, 'cut');
    await room.loseTable();
    const { findings } = await room.compare();
    expect(findings.map(({ kind, backupId }) => [kind, backupId])).toEqual([
      ['row-missing', lost[1].backup.id],
      ['expired', lost[0].backup.id],
      ['manifest-alone', witness.backup.id],
      ['manifest-alone', cut.backup.id],
      ['object-alone', alone.backup.id],
    ]);
  });

  it('finds rows of projects that the vault holds nothing of', async () => {
    const { key, manifestKey, backup } = await room.stored({ projectId: 'only in the history' });
    await room.vault.remove([key, manifestKey]);
    expect((await room.compare()).findings).toEqual([
      {
        kind: 'object-missing',
        projectId: 'only in the history',
        backupId: backup.id,
        key,
        why: 'the row names it',
      },
    ]);
  });

  it('finds a changed byte only if checksums are requested', async () => {
    const { key, manifest } = await room.stored({ globals: true });
    await room.put(key, 'x'.repeat(manifest.object.bytes));
    expect((await room.compare()).findings).toEqual([]);
    expect(kindsOf(await room.compare({ checksums: true }))).toEqual(['damaged']);
    const other = await room.stored({ projectId: 'b', globals: true });
    await room.put(other.manifest.globals?.key ?? '', 'x'.repeat(14));
    expect(kindsOf(await room.compare({ checksums: true, projectId: 'b' }))).toEqual(['damaged']);
    const refuse = { digest: () => Promise.reject(new Error('in Glacier')) };
    expect(kindsOf(await room.compare({ checksums: true }, refuse))).toEqual(['unread', 'unread']);
  });
});

describe('comparing while Larder works', () => {
  it('reports no backup that retention removes meanwhile', async () => {
    const { backup, key, manifestKey } = await room.stored();
    const { backup: another } = await room.stored({ createdAt: daysAgo(2) });
    const port = room.rows();
    const take = async (): Promise<void> => {
      await room.loseRow(backup);
      await room.history().leaveDeleted(backup, 'retention');
      await room.vault.remove([key, manifestKey]);
    };
    // Between the row's reading and the look at its object.
    const early = {
      ...port,
      backupsOf: async (projectId: string) => {
        const rows = await port.backupsOf(projectId);
        await take();
        return rows;
      },
    };
    const first = await room.compare({}, { rows: early });
    expect(first.findings).toEqual([]);
    expect(another.id).toBeDefined();
  });

  it('waits before it reports what was just deleted', async () => {
    const { backup, key, manifestKey } = await room.stored();
    await room.loseRow(backup);
    await room.history().leaveDeleted(backup, 'retention');
    const { vault } = room.ports();
    let looks = 0;
    const removing = {
      ...vault,
      head: async (name: string) => {
        const found = await vault.head(name);
        looks += 1;
        if (looks === 1) await room.vault.remove([key, manifestKey]);
        return found;
      },
    };
    expect((await room.compare({}, { vault: removing })).findings).toEqual([]);
  });

  it('reports no backup that completes meanwhile', async () => {
    const asked = pendingBackup({ createdAt: daysAgo(1) });
    await room.history().create(asked);
    const port = room.rows();
    // The list of the vault is older than the row: the backup completes in between.
    const late = {
      ...port,
      projects: async function* () {
        await room.stored({ projectId: 'late', createdAt: daysAgo(1) });
        yield* port.projects();
      },
    };
    expect((await room.compare({}, { rows: late })).findings).toEqual([]);
  });
});
