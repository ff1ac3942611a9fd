import { describe, expect, it } from 'vitest';
import { makeErasures } from '../../../adapters/dynamodb/erasures.ts';
import type { Row } from '../../../adapters/dynamodb/table.ts';
import { isFull } from '../../../bin/history/row-of-manifest.ts';
import type { Backup } from '../../../core/backup.ts';
import { NOTHING_REMOVED } from '../../../core/erasure.ts';
import { pendingBackup } from '../../support/backups.ts';
import { daysAgo, inDays, type Room, type Stored } from './room.ts';
import { roomForEach } from './room-for-each.ts';

let room: Room;
roomForEach((made) => {
  room = made;
});

const ODD = 'Müller & Söhne/../"x" %41';
const PROJECTS = ['acme', ODD, '_shared-main'];

/** Some weeks of three projects: full backups, one of the schema alone, formats, a run, several attempts. */
const fill = async (): Promise<Stored[]> => {
  const stored: Stored[] = [];
  for (const [index, projectId] of PROJECTS.entries()) {
    const given = { projectId, projectName: `Name of ${index}`, schemaName: `schema ${index}` };
    stored.push(
      await room.stored({ ...given, createdAt: daysAgo(9), runId: pendingBackup().id }),
      await room.stored({ ...given, createdAt: daysAgo(8), format: 'plain', name: 'by hand' }),
      await room.stored({
        ...given,
        createdAt: daysAgo(7),
        trigger: 'manual',
        retentionClass: 'yearly',
        globals: projectId.startsWith('_'),
      }),
      await room.stored({ ...given, createdAt: daysAgo(2), content: 'schema' }),
    );
  }
  return stored;
};

/** Members of a row that its manifest does not have, or has from another moment: docs/history.md lists them. */
const NOT_THE_SAME = ['startedAt', 'queuedAt', 'toldAt'];
const comparable = (row: Row | Backup): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !NOT_THE_SAME.includes(name)));
const comparableRows = (rows: ReadonlyMap<string, Row>): Map<string, Row> =>
  new Map([...rows].map(([key, row]) => [key, comparable(row)]));
const withoutSeen = (rows: Map<string, Row>): Map<string, Row> =>
  new Map([...rows].map(([key, { seenAt: _, ...row }]) => [key, row]));

/** Rows of backups whose `ttl` differs from retention's: none for the newest full one, their time for all others. */
const wronglyKept = (rows: ReadonlyMap<string, Row>): Row[] => {
  const backups = [...rows.values()].filter(({ kind }) => kind === 'backup') as (Row & Backup)[];
  const newest = new Map<string, string>();
  for (const { id, projectId, ...backup } of backups) {
    if (backup.status === 'completed' && isFull(backup) && id > (newest.get(projectId) ?? ''))
      newest.set(projectId, id);
  }
  return backups.filter(({ id, projectId, status, ttl, expirySeconds }) =>
    newest.get(projectId) === id
      ? ttl !== undefined
      : status === 'completed' && ttl !== expirySeconds,
  );
};

describe('a history that was lost', () => {
  it('is rebuilt from the vault: rows, projects, retention and what GET lists', async () => {
    await fill();
    const before = await room.all();
    const lists = await Promise.all(PROJECTS.map(room.listed));
    const projects = (await room.registry().list(10)).items;
    await room.loseTable();

    const rebuilt = await room.rebuild();
    expect(rebuilt).toMatchObject({ manifests: 12, registered: 3, there: 0, omitted: [] });
    expect(rebuilt.written).toHaveLength(12);
    const after = await room.all();
    expect(withoutSeen(comparableRows(after))).toEqual(withoutSeen(comparableRows(before)));
    expect((await Promise.all(PROJECTS.map(room.listed))).flat().map(comparable)).toEqual(
      lists.flat().map(comparable),
    );
    expect(lists.flat()).toHaveLength(12);
    expect((await room.registry().list(10)).items.map(({ seenAt: _, ...kept }) => kept)).toEqual(
      projects.map(({ seenAt: _, ...kept }) => kept),
    );
    expect(wronglyKept(after)).toEqual([]);
    for (const row of after.values()) {
      if (row.kind === 'backup') expect(row.toldAt).toBeDefined();
    }
    expect(await room.compare()).toMatchObject({ same: 12, findings: [] });
  });

  it('is rebuilt once: nothing is reported again, and a second time changes nothing', async () => {
    await fill();
    await room.loseTable();
    await room.rebuild();
    const first = await room.all();
    const open: string[] = [];
    for await (const { id } of room.history().open('unnotified')) open.push(id);
    expect(open).toEqual([]);
    expect(await room.rebuild()).toMatchObject({ written: [], there: 12, registered: 0 });
    expect(await room.all()).toEqual(first);
  });

  it('loses no existing rows, if only some of it was lost', async () => {
    const stored = await fill();
    const before = await room.all();
    const lost = stored.filter((_, index) => index % 3 === 0);
    for (const { backup } of lost) await room.loseRow(backup);
    const rebuilt = await room.rebuild();
    expect(rebuilt.written.map(({ backupId }) => backupId).sort()).toEqual(
      lost.map(({ backup }) => backup.id).sort(),
    );
    const after = await room.all();
    expect(comparableRows(after)).toEqual(comparableRows(before));
    const kept = stored.filter((one) => !lost.includes(one)).map(({ backup }) => backup.id);
    for (const [key, row] of after) {
      if (kept.includes(String(row.id))) expect(row).toEqual(before.get(key));
    }
  });

  it('is written for one project only, on request', async () => {
    await fill();
    await room.loseTable();
    const rebuilt = await room.rebuild({ projectId: ODD });
    expect(new Set(rebuilt.written.map(({ projectId }) => projectId))).toEqual(new Set([ODD]));
    expect(await room.listed('acme')).toEqual([]);
    expect(await room.listed(ODD)).toHaveLength(4);
  });

  it('is not written in a dry run, which reports what would be', async () => {
    await fill();
    await room.loseTable();
    expect(await room.rebuild({ dryRun: true })).toMatchObject({ registered: 3, manifests: 12 });
    expect((await room.all()).size).toBe(0);
    const { written } = await room.rebuild({ dryRun: true });
    const real = await room.rebuild();
    expect(new Set(real.written)).toEqual(new Set(written));
  });
});

describe('a rebuild that is stopped', () => {
  it.each([0, 1, 5, 11])('after %i rows is resumed where it stopped', async (rows) => {
    await fill();
    const before = withoutSeen(comparableRows(await room.all()));
    await room.loseTable();
    const stop = new AbortController();
    let written = 0;
    const port = room.rows();
    const stopping = {
      ...port,
      writeCompleted: async (backup: Backup) => {
        if (written === rows) {
          stop.abort();
          throw new Error('the machine went off');
        }
        written += 1;
        return port.writeCompleted(backup);
      },
    };
    await expect(room.rebuild({}, { rows: stopping, signal: stop.signal })).rejects.toThrow();
    const half = await room.all();
    expect([...half.values()].filter(({ kind }) => kind === 'backup').length).toBe(rows);
    await room.rebuild();
    expect(withoutSeen(comparableRows(await room.all()))).toEqual(before);
  });

  it('between the rows and the retention of a project is settled by the next', async () => {
    await fill();
    await room.loseTable();
    const dying = { settleRetention: () => Promise.reject(new Error('the machine went off')) };
    await expect(room.rebuild({}, { history: dying })).rejects.toThrow('went off');
    await room.rebuild();
    expect(wronglyKept(await room.all())).toEqual([]);
    expect((await room.registry().list(10)).items.every(({ lastSuccess }) => lastSuccess)).toBe(
      true,
    );
  });
});

describe('retention', () => {
  it('never had a `ttl` on a newest full backup, after any single write', async () => {
    await fill();
    const newest = (await room.listed('acme')).filter(isFull)[0];
    await room.loseTable();
    const port = room.rows();
    const problems: Row[] = [];
    const watch = async <T>(work: Promise<T>): Promise<T> => {
      const done = await work;
      for (const row of (await room.all()).values())
        if (row.id === newest?.id && row.ttl !== undefined) problems.push(row);
      return done;
    };
    await room.rebuild(
      {},
      {
        rows: { ...port, writeCompleted: (backup) => watch(port.writeCompleted(backup)) },
        history: { settleRetention: (id) => watch(room.history().settleRetention(id)) },
      },
    );
    expect(newest).toBeDefined();
    expect(problems).toEqual([]);
    expect(wronglyKept(await room.all())).toEqual([]);
  });

  it('is not undone: what was deleted stays deleted, and what has expired is not shown again', async () => {
    const [old, older, last] = [
      await room.stored({ createdAt: daysAgo(50), expiresAt: daysAgo(20) }),
      await room.stored({ createdAt: daysAgo(60), expiresAt: daysAgo(30) }),
      await room.stored({ createdAt: daysAgo(3) }),
    ];
    await room.loseRow(old.backup);
    await room.loseRow(older.backup);
    await room.history().leaveDeleted(older.backup, 'retention');
    const rebuilt = await room.rebuild();
    expect(rebuilt).toMatchObject({
      written: [],
      there: 2,
      omitted: [{ kind: 'expired', backupId: old.backup.id, key: old.manifestKey }],
    });
    expect((await room.history().get('acme', older.backup.id))?.status).toBe('deleted');
    expect((await room.listed('acme')).map(({ id }) => id)).toEqual([last.backup.id]);
    // Both are still in the vault: nothing is ever removed here.
    expect(await room.vault.keys()).toContain(old.key);
  });

  it("keeps a project's newest full backup, however long ago it expired", async () => {
    await room.stored({ createdAt: daysAgo(60), expiresAt: daysAgo(30) });
    const newest = await room.stored({ createdAt: daysAgo(50), expiresAt: daysAgo(20) });
    await room.stored({ createdAt: daysAgo(49), expiresAt: daysAgo(19), content: 'schema' });
    await room.loseTable();
    const rebuilt = await room.rebuild();
    expect(rebuilt.written.map(({ backupId }) => backupId)).toEqual([newest.backup.id]);
    const [row] = await room.listed('acme');
    expect([row?.id, row?.ttl]).toEqual([newest.backup.id, undefined]);
    expect(await room.registry().get('acme')).toMatchObject({
      lastSuccess: { backupId: newest.backup.id },
    });
  });

  it('gets expired backups if that is requested, and only them', async () => {
    const old = await room.stored({ createdAt: daysAgo(60), expiresAt: daysAgo(30) });
    const newest = await room.stored({ createdAt: daysAgo(50), expiresAt: daysAgo(20) });
    await room.loseTable();
    await room.rebuild({ includeExpired: true });
    const rows = await room.all();
    const ttlOf = ({ backup }: Stored) => rows.get(`PROJECT#acme BACKUP#${backup.id}`)?.ttl;
    expect(ttlOf(old)).toBe(Math.ceil(Date.parse(old.backup.expiresAt) / 1000));
    expect(ttlOf(newest)).toBeUndefined();
    expect((await room.listed('acme')).map(({ id }) => id)).toEqual([newest.backup.id]);
  });
});

describe('a Larder that keeps working', () => {
  it('keeps its rows, completes its backups, and its newest one is kept', async () => {
    await fill();
    await room.loseTable();
    const running = pendingBackup({ createdAt: daysAgo(1), expiresAt: inDays(29) });
    const waiting = pendingBackup({ createdAt: daysAgo(0), expiresAt: inDays(30) });
    await room.history().create(running);
    await room.history().create(waiting);
    const outcome = await room.history().claim('acme', running.id);
    if (outcome.kind !== 'claimed') throw new Error('not claimed');
    const stored = await room.stow(outcome.work);
    // It completes between two rows of the rebuild.
    const port = room.rows();
    let left = 3;
    const rows = {
      ...port,
      writeCompleted: async (backup: Backup) => {
        left -= 1;
        if (left === 0) {
          const { object } = stored.manifest;
          await room.history().complete(outcome.claim, {
            fileId: object.key,
            size: object.bytes,
            sourceBytes: 16_384,
            checksum: object.sha256,
            tableCount: 1,
            rowCount: 42,
            compression: 'zstd',
            completedAt: daysAgo(1),
            durationMs: 2500,
            warnings: [],
          });
        }
        return port.writeCompleted(backup);
      },
    };
    const rebuilt = await room.rebuild({}, { rows });
    expect(rebuilt.written).toHaveLength(12);
    expect(await room.history().get('acme', waiting.id)).toEqual(waiting);
    const [, first] = await room.listed('acme');
    expect([first?.id, first?.status, first?.ttl]).toEqual([running.id, 'completed', undefined]);
    expect(wronglyKept(await room.all())).toEqual([]);
    const unnotified: string[] = [];
    for await (const { id } of room.history().open('unnotified')) unnotified.push(id);
    expect(unnotified).toEqual([running.id]);
    expect((await room.compare()).findings).toEqual([]);
  });

  it('is never overwritten, even if its rows were written after the rebuild had looked for them', async () => {
    const stored = await fill();
    const [first] = stored;
    if (first) await room.edit(first.backup, 'status', 'deleted');
    const before = await room.all();
    const blind = { ...room.rows(), backupsOf: async () => [] };
    expect(await room.rebuild({}, { rows: blind })).toMatchObject({
      written: [],
      there: 12,
      registered: 0,
    });
    expect(await room.all()).toEqual(before);
  });

  it('may be a second rebuild: each row is written by one of them', async () => {
    await fill();
    const before = withoutSeen(comparableRows(await room.all()));
    await room.loseTable();
    const both = await Promise.all([room.rebuild(), room.rebuild()]);
    expect(both.flatMap(({ written }) => written)).toHaveLength(12);
    expect(withoutSeen(comparableRows(await room.all()))).toEqual(before);
  });

  it('has registered projects its own way: their rows are left', async () => {
    await fill();
    await room.loseTable();
    const moved = { id: 'acme', name: 'Acme Ltd', schemaName: 'acme_2', status: 'SUSPENDED' };
    await room.registry().register(moved, 'other');
    await room.rebuild();
    expect(await room.registry().get('acme')).toMatchObject({
      ...moved,
      source: 'other',
      lastSuccess: { size: expect.any(Number) },
    });
  });
});

describe('of several attempts', () => {
  it('the last one that is whole gets the row', async () => {
    const { backup } = await room.stored({ createdAt: daysAgo(3) });
    const second = await room.stow({ ...backup, attempt: 2 });
    const third = await room.stow({ ...backup, attempt: 3 });
    await room.vault.remove([third.key]);
    await room.loseTable();
    const rebuilt = await room.rebuild();
    expect(rebuilt).toMatchObject({
      manifests: 3,
      omitted: [{ kind: 'incomplete', key: third.manifestKey }],
    });
    expect(await room.history().get('acme', backup.id)).toMatchObject({
      attempt: 2,
      fileId: second.key,
    });
  });
});

it('a project that was erased is not brought back from a vault that still has its backups', async () => {
  await fill();
  await room.loseTable();
  await makeErasures(room.access()).begin({
    projectId: 'acme',
    requestedAt: daysAgo(0),
    status: 'in-progress',
    waitingFor: 0,
    removed: NOTHING_REMOVED,
  });
  const { omitted } = await room.rebuild();
  expect(omitted.filter(({ why }) => why === 'its project was erased')).toHaveLength(4);
  const rows = [...(await room.all()).values()];
  expect(rows.filter(({ projectId }) => projectId === 'acme')).toEqual([
    expect.objectContaining({ kind: 'erasure' }),
  ]);
});
