import { beforeEach, describe, expect, test } from 'vitest';
import { getRow } from '../../../adapters/dynamodb/table.ts';
import { iso } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Job } from '../../../core/job.ts';
import type { Jobs } from '../../../core/job-ports.ts';
import type { Claim } from '../../../core/leased-work/store.ts';
import type { RestoreOutcome } from '../../../core/restore.ts';
import { notRun } from '../../../core/verification.ts';
import { DAY, NIGHT, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const failure = { name: 'RestoreInterrupted', message: 'The restore was interrupted.' };
const LEASE = 60_000;

const claimed = async <J extends Job>(jobs: Jobs<J>, { projectId, id }: Job): Promise<Claim> => {
  const outcome = await jobs.claim(projectId, id);
  if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
  return outcome.claim;
};

/** What restores and verifications have besides the life cycle that they share with backups. */
const suite = <J extends Job>(
  open: () => Jobs<J>,
  row: (now: number, changes?: Partial<Job>) => J,
  prefix: string,
) => {
  let jobs: Jobs<J>;
  beforeEach(() => {
    jobs = open();
  });
  const pending = async (changes?: Partial<Job>): Promise<J> => {
    const job = row(it.access.clock(), changes);
    expect(await jobs.create(job)).toBe('created');
    return job;
  };
  const stored = ({ projectId, id }: Job) =>
    getRow(it.access, { pk: `${TABLE.projectPrefix}${projectId}`, sk: `${prefix}${id}` });

  describe('its row', () => {
    test('is not a backup: it is neither in the lists of backups nor in their indexes', async () => {
      const job = await pending();
      const backup = await it.pending();
      expect(await it.openIds('pending')).toEqual([backup.id]);
      const open: string[] = [];
      for await (const { id } of jobs.open('pending')) open.push(id);
      expect(open).toEqual([job.id]);
      expect((await it.history.list('acme', { limit: 10 })).items).toHaveLength(1);
      expect((await it.history.ofDay('2026-11-21', { limit: 10 })).items).toHaveLength(1);
      expect(await it.history.get('acme', job.id)).toBeUndefined();
      expect(await it.history.claim('acme', job.id)).toEqual({ kind: 'missing' });
    });

    test('may be removed only after it has ended, a moment after its time', async () => {
      const ends: ((claim: Claim, job: J) => Promise<unknown>)[] = [
        (claim) => jobs.complete(claim, {}),
        (claim) => jobs.fail(claim, failure),
        (claim) => jobs.cancel(claim),
        (_, job) => {
          it.pass(LEASE);
          return jobs.failAbandoned(job.projectId, job.id, failure);
        },
      ];
      for (const end of ends) {
        const job = await pending();
        const claim = await claimed(jobs, job);
        expect(await stored(job)).not.toHaveProperty(TABLE.ttl);
        expect(await end(claim, job)).toBeDefined();
        expect((await stored(job))?.[TABLE.ttl]).toBe(Math.ceil(Date.parse(job.expiresAt) / 1000));
        expect(await jobs.get(job.projectId, job.id)).not.toHaveProperty(TABLE.ttl);
      }
    });
  });

  test('failures are listed by the day on which they ended, and nothing else is', async () => {
    const since = async (ms: number): Promise<string[]> => {
      const ids: string[] = [];
      for await (const id of jobs.failedSince(iso(it.access.clock() - ms))) ids.push(id);
      return ids.sort();
    };
    const [failed, given, completed, cancelled, again] = [
      await pending(),
      await pending(),
      await pending(),
      await pending(),
      await pending(),
    ];
    await jobs.fail(await claimed(jobs, failed), failure);
    await jobs.failAbandoned(given.projectId, given.id, failure);
    await jobs.complete(await claimed(jobs, completed), {});
    await jobs.cancel(await claimed(jobs, cancelled));
    await jobs.release(await claimed(jobs, again), failure, iso(it.access.clock()));
    const both = [failed.id, given.id].sort();
    expect(await since(DAY)).toEqual(both);
    expect(await jobs.get(failed.projectId, failed.id)).not.toHaveProperty(TABLE.dayIndex.pk);
    expect(await it.history.ofDay('2026-11-21', { limit: 10 })).toEqual({ items: [] });
    it.pass(DAY - 1);
    expect(await since(DAY)).toEqual(both);
    it.pass(2);
    await jobs.failAbandoned(again.projectId, again.id, failure);
    expect(await since(DAY)).toEqual([again.id]);
  });

  describe('a list', () => {
    const many = async (backupId: string, count: number) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        it.pass(1);
        ids.unshift((await pending({ backupId })).id);
      }
      return ids;
    };
    const pages = async (query: { readonly backupId?: string }, limit: number) => {
      const seen: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await jobs.list('acme', { ...query, limit, ...(cursor && { cursor }) });
        seen.push(page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor);
      return seen;
    };

    test('is newest first, page by page, each once; of one backup or of all', async () => {
      const [one, other] = [uuidv7(NIGHT), uuidv7(NIGHT)];
      const ofOne = await many(one, 3);
      const ofOther = await many(other, 4);
      const again = await many(one, 2);
      await it.pending();
      await pending({ projectId: 'globex', backupId: one });
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

    test('refuses the cursor of another list', async () => {
      const backupId = uuidv7(NIGHT);
      await many(backupId, 2);
      const { cursor = '' } = await jobs.list('acme', { backupId, limit: 1 });
      for (const query of [{}, { backupId: uuidv7(NIGHT) }])
        await expect(jobs.list('acme', { ...query, limit: 1, cursor })).rejects.toThrow('cursor');
      await expect(jobs.list('globex', { backupId, limit: 1, cursor })).rejects.toThrow('cursor');
      await expect(it.history.list('acme', { limit: 1, cursor })).rejects.toThrow('cursor');
      expect((await jobs.list('acme', { backupId, limit: 1, cursor })).items).toHaveLength(1);
    });

    test('hides rows that may be removed at any moment, and nothing that is still open', async () => {
      const ended = await pending();
      await jobs.complete(await claimed(jobs, ended), {});
      const open = await pending();
      it.pass(366 * DAY);
      const { items } = await jobs.list('acme', { limit: 10 });
      expect(items.map(({ id }) => id)).toEqual([open.id]);
    });
  });
};

describe('restores', () =>
  suite(() => jobRows(it.access).restores, restoreRow, TABLE.restorePrefix));
describe('verifications', () =>
  suite(() => jobRows(it.access).verifications, verificationRow, TABLE.verificationPrefix));

test('a verification that ended counts as failed unless the backup is verified', async () => {
  const { verifications } = jobRows(it.access);
  const bad = notRun('It is too large.');
  const ids: Record<string, string> = {};
  for (const verdict of ['verified', 'failed', 'could-not-run'] as const) {
    const job = verificationRow(NIGHT);
    await verifications.create(job);
    ids[verdict] = job.id;
    await verifications.complete(await claimed(verifications, job), {
      result: { ...bad, verdict },
    });
  }
  const found: string[] = [];
  for await (const id of verifications.failedSince(iso(NIGHT - DAY))) found.push(id);
  expect(found.sort()).toEqual([ids.failed, ids['could-not-run']].sort());
});

test('the findings of a worker may be large and deep, with names that DynamoDB reserves', async () => {
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
  expect(await restores.complete(outcome.claim, { outcome: made })).toMatchObject({ attempt: 1 });
  const kept = await restores.get('acme', row.id);
  expect(kept).toMatchObject({ ...row, status: 'completed', attempt: 1 });
  expect(kept?.outcome).toEqual(made);
});
