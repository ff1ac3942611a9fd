import { beforeEach, describe, expect, test } from 'vitest';
import type { HistoryTable } from '../../../adapters/dynamodb/table.ts';
import { iso } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Job } from '../../../core/job.ts';
import type { JobClaim } from '../../../core/job-ports.ts';
import type { RestoreOutcome } from '../../../core/restore.ts';
import { notRun } from '../../../core/verification.ts';
import { DAY, NIGHT, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import { jobRows, restoreRow } from '../../support/jobs.ts';
import { type JobBench, restoreBench, verificationBench } from './job-kinds.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const failure = { name: 'RestoreInterrupted', message: 'The restore was interrupted.' };
const LEASE = 60_000;

const suite = <J extends Job>(open: (access: HistoryTable) => JobBench<J>) => {
  let on: JobBench<J>;
  beforeEach(() => {
    on = open(it.access);
  });

  describe('its row', () => {
    test('is given back as it was written, and shows nothing of its storage', async () => {
      const job = await on.pending();
      expect(await on.jobs.get(job.projectId, job.id)).toEqual(job);
      expect(await on.jobs.get('globex', job.id)).toBeUndefined();
    });

    test('is written once: who asks for it again changes nothing', async () => {
      const job = await on.pending();
      await on.claimed(job);
      expect(await on.jobs.create({ ...job, projectName: 'another' })).toBe('exists');
      expect(await on.jobs.get(job.projectId, job.id)).toMatchObject({
        projectName: 'Acme',
        status: 'in-progress',
      });
    });

    test('is no backup: neither in the lists of backups nor in the indexes of them', async () => {
      const job = await on.pending();
      const backup = await it.pending();
      expect(await it.openIds('pending')).toEqual([backup.id]);
      expect(await on.openIds('pending')).toEqual([job.id]);
      expect((await it.history.list('acme', { limit: 10 })).items).toHaveLength(1);
      expect(await it.history.ofDay('2026-11-21', 10)).toHaveLength(1);
      expect(await it.history.get('acme', job.id)).toBeUndefined();
      expect(await it.history.claim('acme', job.id)).toEqual({ kind: 'missing' });
    });

    test('may be removed only once it has ended, a moment after its time', async () => {
      const ends: ((claim: JobClaim, job: J) => Promise<unknown>)[] = [
        (claim) => on.jobs.complete(claim, on.findings),
        (claim) => on.jobs.fail(claim, failure),
        (claim) => on.jobs.cancel(claim),
        (_, job) => {
          it.pass(LEASE);
          return on.jobs.failAbandoned(job.projectId, job.id, failure);
        },
      ];
      for (const end of ends) {
        const job = await on.pending();
        const claim = await on.claimed(job);
        expect(await on.stored(job)).not.toHaveProperty(TABLE.ttl);
        expect(await end(claim, job)).toBe('written');
        expect((await on.stored(job))?.[TABLE.ttl]).toBe(
          Math.ceil(Date.parse(job.expiresAt) / 1000),
        );
        expect(await on.jobs.get(job.projectId, job.id)).not.toHaveProperty(TABLE.ttl);
      }
    });
  });

  test('those that ended badly are listed from the day they did, and no others', async () => {
    const since = async (ms: number): Promise<string[]> => {
      const ids: string[] = [];
      for await (const id of on.jobs.failedSince(iso(it.access.clock() - ms))) ids.push(id);
      return ids.sort();
    };
    const [failed, given, completed, cancelled, again] = [
      await on.pending(),
      await on.pending(),
      await on.pending(),
      await on.pending(),
      await on.pending(),
    ];
    await on.jobs.fail(await on.claimed(failed), failure);
    await on.jobs.failAbandoned(given.projectId, given.id, failure);
    await on.jobs.complete(await on.claimed(completed), {});
    await on.jobs.cancel(await on.claimed(cancelled));
    await on.jobs.release(await on.claimed(again), failure, iso(it.access.clock()));
    const both = [failed.id, given.id].sort();
    expect(await since(DAY)).toEqual(both);
    expect(await on.jobs.get(failed.projectId, failed.id)).not.toHaveProperty(TABLE.dayIndex.pk);
    expect(await it.history.ofDay('2026-11-21', 10)).toEqual([]);
    it.pass(DAY - 1);
    expect(await since(DAY)).toEqual(both);
    it.pass(2);
    await on.jobs.failAbandoned(again.projectId, again.id, failure);
    expect(await since(DAY)).toEqual([again.id]);
  });

  test('open work is listed by what it waits for, until somebody has been told of its end', async () => {
    const made: J[] = [];
    for (let index = 0; index < 20; index += 1)
      made.push(await on.pending({ projectId: `project-${index}` }));
    const ids = made.map(({ id }) => id).sort();
    expect(await on.openIds('pending')).toEqual(ids);
    const [first] = made;
    if (!first) throw new Error('nothing was made');
    // Somebody told too early must not hide it.
    await on.jobs.told(first.projectId, first.id);
    expect(await on.openIds('pending')).toEqual(ids);
    const claims = await Promise.all(made.map(on.claimed));
    expect([await on.openIds('pending'), await on.openIds('in-progress')]).toEqual([[], ids]);
    for (const [index, claim] of claims.entries()) {
      if (index % 3 === 0) await on.jobs.fail(claim, failure);
      else if (index % 3 === 1) await on.jobs.cancel(claim);
      else await on.jobs.complete(claim, on.findings);
    }
    expect([await on.openIds('in-progress'), await on.openIds('untold')]).toEqual([[], ids]);
    for await (const open of on.jobs.open('untold'))
      expect(Object.keys(open).sort()).toEqual(
        expect.arrayContaining(['attempt', 'completedAt', 'createdAt', 'queuedAt', 'source']),
      );
    expect(await it.openIds('untold')).toEqual([]);
    for (const { projectId, id } of made) await on.jobs.told(projectId, id);
    expect(await on.openIds('untold')).toEqual([]);
    expect(await on.jobs.get(first.projectId, first.id)).toMatchObject({ toldAt: iso(NIGHT) });
    const missing = on.row();
    await on.jobs.told('acme', missing.id);
    expect(await on.stored(missing)).toBeUndefined();
  });

  describe('a list', () => {
    const many = async (backupId: string, count: number) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        it.pass(1);
        ids.unshift((await on.pending({ backupId })).id);
      }
      return ids;
    };
    const pages = async (query: { readonly backupId?: string }, limit: number) => {
      const seen: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await on.jobs.list('acme', { ...query, limit, ...(cursor && { cursor }) });
        seen.push(page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      return seen;
    };

    test('has them newest first, page by page, each once; of one backup or of all', async () => {
      const [one, other] = [uuidv7(NIGHT), uuidv7(NIGHT)];
      const ofOne = await many(one, 3);
      const ofOther = await many(other, 4);
      const again = await many(one, 2);
      await it.pending();
      await on.pending({ projectId: 'globex', backupId: one });
      const expected = [...again, ...ofOne];
      expect(await pages({ backupId: one }, 2)).toEqual([
        expected.slice(0, 2),
        expected.slice(2, 4),
        expected.slice(4),
      ]);
      expect((await pages({ backupId: one }, 5)).flat()).toEqual(expected);
      expect((await pages({}, 4)).flat()).toEqual([...again, ...ofOther, ...ofOne]);
      expect(await pages({ backupId: uuidv7(NIGHT) }, 4)).toEqual([[]]);
    });

    test("takes no other list's cursor", async () => {
      const backupId = uuidv7(NIGHT);
      await many(backupId, 2);
      const { cursor = '' } = await on.jobs.list('acme', { backupId, limit: 1 });
      for (const query of [{}, { backupId: uuidv7(NIGHT) }])
        await expect(on.jobs.list('acme', { ...query, limit: 1, cursor })).rejects.toThrow(
          'cursor',
        );
      await expect(on.jobs.list('globex', { backupId, limit: 1, cursor })).rejects.toThrow(
        'cursor',
      );
      await expect(it.history.list('acme', { limit: 1, cursor })).rejects.toThrow('cursor');
      expect((await on.jobs.list('acme', { backupId, limit: 1, cursor })).items).toHaveLength(1);
    });

    test('hides what may be removed at any moment, and nothing that is still open', async () => {
      const ended = await on.pending();
      await on.jobs.complete(await on.claimed(ended), {});
      const open = await on.pending();
      it.pass(366 * DAY);
      const { items } = await on.jobs.list('acme', { limit: 10 });
      expect(items.map(({ id }) => id)).toEqual([open.id]);
    });
  });
};

describe('restores', () => suite(restoreBench));
describe('verifications', () => suite(verificationBench));

test('a verification that came to its end ended badly unless the backup is verified', async () => {
  const on = verificationBench(it.access);
  const bad = notRun('It is too large.');
  const ids: Record<string, string> = {};
  for (const verdict of ['verified', 'failed', 'could-not-run'] as const) {
    const job = await on.pending();
    ids[verdict] = job.id;
    await on.jobs.complete(await on.claimed(job), { result: { ...bad, verdict } });
  }
  const found: string[] = [];
  for await (const id of on.jobs.failedSince(iso(NIGHT - DAY))) found.push(id);
  expect(found.sort()).toEqual([ids.failed, ids['could-not-run']].sort());
});

test('what a worker finds may be large and deep, with names that DynamoDB reserves', async () => {
  const { restores } = jobRows(it.access);
  const row = restoreRow(NIGHT, { newSchema: 'a"b', tables: ['größe', 'x'], into: 'live' });
  await restores.create(row);
  const outcome = await restores.claim('acme', row.id);
  if (outcome.kind !== 'claimed') throw new Error('not claimed');
  const made: RestoreOutcome = {
    schemas: [{ from: 'acme', to: 'a"b' }],
    tables: 2,
    rows: 0,
    bytesRead: 9_000_000_000_000,
    foreignKeys: [{ table: { schema: 'acme', name: 'x' }, name: 'fk', state: 'valid' }],
    leftOut: Array.from({ length: 500 }, (_, index) => ({ what: `role ${index}`, why: 'gone' })),
    before: [],
    warnings: [],
  };
  expect(await restores.complete(outcome.claim, { outcome: made })).toBe('written');
  const kept = await restores.get('acme', row.id);
  expect(kept).toMatchObject({ ...row, status: 'completed', attempt: 1 });
  expect(kept?.outcome).toEqual(made);
});
