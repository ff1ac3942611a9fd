import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { retentionPolicy } from '../../../core/retention/policy.ts';
import { completionOf, DAY, NIGHT, newHistory, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import { jobRows } from '../../support/jobs.ts';
import type { Tables } from '../../support/tables.ts';

let it: TestHistory;
let tables: Tables;
historyForEach((made, shared) => {
  it = made;
  tables = shared;
});

const failure = { name: 'SchemaNotFound', message: 'There is no such schema.' };
const ofNight = (night: number, changes: Partial<Backup> = {}): Partial<Backup> => ({
  createdAt: iso(NIGHT + night * DAY),
  ...changes,
});
const withoutTtl = async (backups: readonly Backup[]): Promise<string[]> => {
  const rows = await Promise.all(backups.map((backup) => it.row(backup)));
  return rows.filter((row) => row && row.ttl === undefined).map((row) => String(row?.id));
};

describe('the last good backup', () => {
  test('is kept, in whatever order backups begin and end', async () => {
    const ending = fc.record({
      status: fc.constantFrom('completed', 'completed', 'failed', 'cancelled'),
      content: fc.constantFrom('full', 'full', 'schema', 'data'),
    });
    const night = fc
      .array(ending, { minLength: 1, maxLength: 8 })
      .chain((endings) =>
        fc
          .shuffledSubarray([...endings.keys()], { minLength: endings.length })
          .map((order) => ({ endings, order })),
      );
    let projects = 0;
    await fc.assert(
      fc.asyncProperty(night, async ({ endings, order }) => {
        projects += 1;
        const projectId = `project-${projects}`;
        const backups: Backup[] = [];
        for (const [index, { content }] of endings.entries()) {
          backups.push(await it.pending(ofNight(index, { projectId, content } as Backup)));
        }
        let newest: Backup | undefined;
        for (const index of order) {
          const backup = backups[index];
          const status = endings[index]?.status;
          if (!backup) throw new Error('no backup');
          const claim = await it.claimed(backup);
          if (status === 'failed') await it.history.fail(claim, failure);
          else if (status === 'cancelled') await it.history.cancel(claim);
          else {
            await it.history.complete(claim, completionOf(backup));
            const isNewer = !newest || backup.id > newest.id;
            if (backup.content === 'full' && isNewer) newest = backup;
          }
          const ended = order.slice(0, order.indexOf(index) + 1).map((done) => backups[done]);
          const kept = await withoutTtl(ended.filter((done) => done !== undefined));
          expect(kept).toEqual(newest ? [newest.id] : []);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('and the last verified one are kept, whatever verifications find and in whatever order', async () => {
    const word = fc.record({
      of: fc.nat({ max: 4 }),
      validation: fc.constantFrom('verified', 'verified', 'failed', 'could-not-run', 'verifying'),
      compare: fc.constantFrom('counts', 'rows'),
    });
    let projects = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 8 }), async (words) => {
        projects += 1;
        const projectId = `verified-${projects}`;
        const backups: Backup[] = [];
        for (let night = 0; night < 5; night += 1)
          backups.push(await it.completed(ofNight(night, { projectId })));
        // What is known of each, by a separate model: undefined, 'good', or how it was found to be bad.
        const known = backups.map((): 'good' | 'counts' | 'rows' | undefined => undefined);
        const kept = new Set([4]);
        for (const [hour, { of, validation, compare }] of words.entries()) {
          await jobRows(it.access).validations.noteValidation(projectId, backups[of]?.id ?? '', {
            validation: validation as 'verified',
            verificationId: uuidv7(NIGHT + 10 * DAY + hour * 3_600_000),
            validatedAt: iso(NIGHT + 10 * DAY),
            compare: compare as 'counts',
          });
          if (validation === 'failed') known[of] = compare as 'counts';
          if (validation === 'verified' && !(known[of] === 'rows' && compare === 'counts'))
            known[of] = 'good';
          const good = [4, 3, 2, 1, 0].filter((n) => known[n] === undefined || known[n] === 'good');
          const verified = [4, 3, 2, 1, 0].find((n) => known[n] === 'good');
          kept.clear();
          kept.add(good[0] ?? 4);
          if (verified !== undefined) kept.add(verified);
        }
        const expected = backups.filter((_, index) => kept.has(index)).map(({ id }) => id);
        expect(await withoutTtl(backups)).toEqual(expected);
        it.pass(400 * DAY);
        const shown = (await it.history.list(projectId, { limit: 10 })).items.map(({ id }) => id);
        expect(shown.sort()).toEqual([...expected].sort());
        it.pass(-400 * DAY);
      }),
      { numRuns: 40 },
    );
  });

  test('is the "latest" one: no damaged one, and none of definitions or rows alone', async () => {
    const good = await it.completed(ofNight(0));
    const bad = await it.completed(ofNight(1));
    await it.completed(ofNight(2, { content: 'schema' }));
    await it.completed(ofNight(3, { content: 'data' }));
    expect((await it.history.latest('acme'))?.id).toBe(bad.id);
    await jobRows(it.access).validations.noteValidation('acme', bad.id, {
      validation: 'failed',
      verificationId: uuidv7(NIGHT + DAY),
      validatedAt: iso(NIGHT + DAY),
      compare: 'counts',
    });
    expect((await it.history.latest('acme'))?.id).toBe(good.id);
  });

  test('is kept when many complete at once', async () => {
    const backups: Backup[] = [];
    for (let night = 0; night < 10; night += 1) backups.push(await it.pending(ofNight(night)));
    await Promise.all(
      backups.map(async (backup) =>
        it.history.complete(await it.claimed(backup), completionOf(backup)),
      ),
    );
    expect(await withoutTtl(backups)).toEqual([backups.at(-1)?.id]);
  });

  test('is shown and found long after its time, while those it replaced are hidden', async () => {
    const older = await it.completed(ofNight(0));
    const newest = await it.completed(ofNight(1));
    it.pass(400 * DAY);
    expect((await it.history.latest('acme'))?.id).toBe(newest.id);
    expect((await it.history.list('acme', { limit: 10 })).items.map(({ id }) => id)).toEqual([
      newest.id,
    ]);
    // The row of the older one exists until DynamoDB removes it.
    expect(await it.row(older)).toBeDefined();
  });

  test('is the one before it, if a person removes the newest from the history by hand', async () => {
    const older = await it.completed(ofNight(0));
    const newest = await it.completed(ofNight(1));
    await it.removeRow(newest);
    await it.history.settleRetention('acme');
    expect(await withoutTtl([older])).toEqual([older.id]);
  });

  test('of another project keeps no backup of this one', async () => {
    const one = await it.completed(ofNight(0, { projectId: 'acme' }));
    const other = await it.completed(ofNight(1, { projectId: 'acme-2' }));
    expect(await withoutTtl([one, other])).toEqual([one.id, other.id]);
  });
});

describe('a crash between completing a backup and releasing its predecessor', () => {
  /** Completes a backup by a client that dies after the row's own write. */
  const dyingAfterCompletion = async (backup: Backup) => {
    const claim = await it.claimed(backup);
    tables.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'QueryCommand') throw new Error('killed');
        return next(args);
      },
      { step: 'initialize', name: 'dying' },
    );
    try {
      await expect(it.history.complete(claim, completionOf(backup))).rejects.toThrow('killed');
    } finally {
      tables.client.middlewareStack.remove('dying');
    }
  };

  test('leaves both, and is repaired when the message is delivered again', async () => {
    const older = await it.completed(ofNight(0));
    const newer = await it.pending(ofNight(1));
    await dyingAfterCompletion(newer);
    expect(await withoutTtl([older, newer])).toEqual([older.id, newer.id]);
    await it.history.claim(newer.projectId, newer.id);
    expect(await withoutTtl([older, newer])).toEqual([newer.id]);
  });

  test('is repaired by settling the project, any number of times', async () => {
    const older = await it.completed(ofNight(0));
    const newer = await it.pending(ofNight(1));
    await dyingAfterCompletion(newer);
    await it.history.settleRetention('acme');
    await it.history.settleRetention('acme');
    expect(await withoutTtl([older, newer])).toEqual([newer.id]);
  });

  test('is repaired by the next completion', async () => {
    const older = await it.completed(ofNight(0));
    const newer = await it.pending(ofNight(1));
    await dyingAfterCompletion(newer);
    const newest = await it.completed(ofNight(2));
    expect(await withoutTtl([older, newer, newest])).toEqual([newest.id]);
  });
});

describe('ttl', () => {
  test('is set at the end of a failed or cancelled backup, and never before', async () => {
    const backup = await it.pending();
    expect((await it.row(backup))?.ttl).toBeUndefined();
    const claim = await it.claimed(backup);
    expect((await it.row(backup))?.ttl).toBeUndefined();
    await it.history.release(claim, failure, 'soon');
    expect((await it.row(backup))?.ttl).toBeUndefined();
    await it.history.fail(await it.claimed(backup), failure);
    expect((await it.row(backup))?.ttl).toBe(Date.parse(backup.expiresAt) / 1000);
  });

  test('is never before the promised time', async () => {
    const backup = await it.pending({ expiresAt: '2026-12-21T02:00:00.001Z' });
    await it.history.cancel(await it.claimed(backup));
    const ttl = Number((await it.row(backup))?.ttl);
    expect(ttl * 1000).toBeGreaterThanOrEqual(Date.parse(backup.expiresAt));
  });
});

describe('the row left after retention removed a backup', () => {
  test('records when, why and how many bytes, for a year, and is shown on request', async () => {
    const backup = await it.completed();
    const there = await it.history.get(backup.projectId, backup.id);
    if (!there) throw new Error('no row');
    expect(await it.history.leaveDeleted(there, 'retention')).toBe('exists');
    const other = await newHistory(tables);
    expect(await other.history.leaveDeleted(there, 'retention')).toBe('written');
    expect(await other.history.leaveDeleted(there, 'again')).toBe('exists');
    expect(await other.history.get(backup.projectId, backup.id)).toMatchObject({
      status: 'deleted',
      deletedAt: '2026-11-21T02:00:00.000Z',
      deletedWhy: 'retention',
      size: 1000,
      ttl: (NIGHT + 365 * DAY) / 1000,
    });
    expect((await other.history.list('acme', { limit: 5 })).items).toEqual([]);
    expect(await other.history.latest('acme')).toBeUndefined();
    const deleted = () => other.history.list('acme', { limit: 5, status: 'deleted' });
    expect((await deleted()).items).toHaveLength(1);
    other.pass(366 * DAY);
    expect((await deleted()).items).toHaveLength(0);
  });
});

describe("the registry's last success", () => {
  test('is the newest completed full backup, and is kept when a discovery writes', async () => {
    const project = { id: 'acme', name: 'Acme', schemaName: 'acme', status: 'ACTIVE' };
    await it.registry.register(project, 'main');
    const older = await it.pending(ofNight(0));
    const newer = await it.completed(ofNight(1));
    await it.history.complete(await it.claimed(older), completionOf(older));
    await it.completed(ofNight(2, { content: 'schema' }));
    await it.registry.register({ ...project, name: 'Acme Ltd' }, 'main');
    expect(await it.registry.get('acme')).toMatchObject({
      name: 'Acme Ltd',
      lastSuccess: { backupId: newer.id, size: 1000 },
    });
  });

  test('returns to the good one before it when the newest turns out to be damaged', async () => {
    await it.registry.register(
      { id: 'acme', name: 'Acme', schemaName: 'acme', status: 'ACTIVE' },
      'main',
    );
    const good = await it.completed(ofNight(0));
    const bad = await it.completed(ofNight(1));
    await jobRows(it.access).validations.noteValidation('acme', bad.id, {
      validation: 'failed',
      verificationId: uuidv7(NIGHT + DAY),
      validatedAt: iso(NIGHT + DAY),
      compare: 'rows',
    });
    expect(await it.registry.get('acme')).toMatchObject({ lastSuccess: { backupId: good.id } });
  });

  test('names the newest verified backup as well, forward, and backward only from a bad one', async () => {
    await it.registry.register(
      { id: 'acme', name: 'Acme', schemaName: 'acme', status: 'ACTIVE' },
      'main',
    );
    const backups: Backup[] = [];
    for (let night = 0; night < 4; night += 1) backups.push(await it.completed(ofNight(night)));
    const verify = async (index: number, validation: 'verified' | 'failed', after: number) =>
      jobRows(it.access).validations.noteValidation('acme', backups[index]?.id ?? '', {
        validation,
        verificationId: uuidv7(NIGHT + (10 + after) * DAY),
        validatedAt: iso(NIGHT + (10 + after) * DAY),
        compare: 'rows',
      });
    const shown = async () => {
      const last = (await it.registry.get('acme'))?.lastSuccess;
      const nightOf = (id: string | undefined) => backups.findIndex((one) => one.id === id);
      return [nightOf(last?.backupId), nightOf(last?.verified?.backupId)];
    };
    expect(await shown()).toEqual([3, -1]);
    await verify(1, 'verified', 0);
    expect(await shown()).toEqual([3, 1]);
    await verify(0, 'verified', 1);
    expect(await shown()).toEqual([3, 1]);
    await verify(2, 'verified', 2);
    expect(await shown()).toEqual([3, 2]);
    await verify(2, 'failed', 3);
    expect(await shown()).toEqual([3, 1]);
    await verify(3, 'failed', 4);
    expect(await shown()).toEqual([1, 1]);
  });

  test('creates no registry row of a project that was never seen', async () => {
    await it.completed();
    expect(await it.registry.get('acme')).toBeUndefined();
  });
});

describe('retention by generations', () => {
  const USUAL = retentionPolicy.parse({ generations: { daily: 7, weekly: 12, monthly: 12 } });
  const nightly = (night: number, changes: Partial<Backup> = {}) =>
    it.completed(
      ofNight(night, {
        expiresAt: iso(NIGHT + (night + 7) * DAY),
        retentionPolicy: USUAL,
        ...changes,
      }),
    );
  const shown = async (backup: Backup) => {
    const row = await it.row(backup);
    return { generations: row?.generations, expiresAt: row?.expiresAt, ttl: row?.ttl };
  };
  const ttlOf = (expiresAt: string): number => Date.parse(expiresAt) / 1000;

  // 2026-11-21 is a Saturday.
  test('is decided when a backup completes, and its ttl follows', async () => {
    const saturday = await nightly(0);
    const sunday = await nightly(1);
    const monday = await nightly(2);
    const expiresAt = '2027-11-21T02:00:00.000Z';
    expect(await shown(saturday)).toEqual({
      generations: ['weekly', 'monthly'],
      expiresAt,
      ttl: ttlOf(expiresAt),
    });
    expect(await shown(sunday)).toEqual({
      generations: [],
      expiresAt: '2026-11-29T02:00:00.000Z',
      ttl: ttlOf('2026-11-29T02:00:00.000Z'),
    });
    // The newest one has no ttl.
    expect(await shown(monday)).toEqual({
      generations: ['weekly'],
      expiresAt: '2027-02-15T02:00:00.000Z',
    });
    expect(await it.history.get('acme', monday.id)).toMatchObject({ retentionClass: 'weekly' });
  });

  test('gives the classes of a damaged backup to another one of its week', async () => {
    const saturday = await nightly(0);
    const sunday = await nightly(1);
    await nightly(2);
    await jobRows(it.access).validations.noteValidation('acme', saturday.id, {
      validation: 'failed',
      verificationId: uuidv7(NIGHT + 3 * DAY),
      validatedAt: iso(NIGHT + 3 * DAY),
      compare: 'rows',
    });
    expect(await shown(sunday)).toEqual({
      generations: ['weekly', 'monthly'],
      expiresAt: '2027-11-22T02:00:00.000Z',
      ttl: ttlOf('2027-11-22T02:00:00.000Z'),
    });
  });

  test('changes no backup whose request named its days', async () => {
    const fixed = await it.completed(ofNight(0, { fixedRetention: true }));
    await it.setPolicy('acme', USUAL);
    await it.history.settleRetention('acme');
    expect(await shown(fixed)).toEqual({ expiresAt: fixed.expiresAt });
  });

  test("is decided again by the project's own policy, also for backups requested without one", async () => {
    const old = await it.completed(ofNight(0));
    const dailies = [await nightly(1), await nightly(2), await nightly(3)];
    await it.setPolicy('acme', retentionPolicy.parse({ days: 3, generations: { monthly: 2 } }));
    await it.history.settleRetention('acme');
    expect(await shown(old)).toEqual({
      generations: ['monthly'],
      expiresAt: '2027-01-21T02:00:00.000Z',
      ttl: ttlOf('2027-01-21T02:00:00.000Z'),
    });
    const ends = await Promise.all(dailies.map(async (one) => (await shown(one)).expiresAt));
    expect(ends).toEqual([4, 5, 6].map((night) => iso(NIGHT + night * DAY)));
    const before = await Promise.all(dailies.map((one) => it.row(one)));
    await it.history.settleRetention('acme');
    expect(await Promise.all(dailies.map((one) => it.row(one)))).toEqual(before);
  });

  test('finds one holder of a week when many complete at once', async () => {
    const backups: Backup[] = [];
    for (let hour = 0; hour < 10; hour += 1)
      backups.push(
        await it.pending({ createdAt: iso(NIGHT + hour * 3_600_000), retentionPolicy: USUAL }),
      );
    await Promise.all(
      backups.map(async (backup) =>
        it.history.complete(await it.claimed(backup), completionOf(backup)),
      ),
    );
    const rows = await Promise.all(backups.map((backup) => it.row(backup)));
    const weekly = rows.filter((row) => String(row?.generations).includes('weekly'));
    expect(weekly.length).toBeGreaterThan(0);
    expect(rows.every((row) => row?.generations !== undefined)).toBe(true);
  });
});
