import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { getRow } from '../../../adapters/dynamodb/table.ts';
import { iso } from '../../../core/backup.ts';
import { DAY_PROJECTION, STATUS_PROJECTION, TABLE } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Job } from '../../../core/job.ts';
import type { JobClaim, JobFindings, Jobs } from '../../../core/job-ports.ts';
import type { Restore, RestoreOutcome } from '../../../core/restore.ts';
import { notRun, type Verification } from '../../../core/verification.ts';
import { DAY, NIGHT, newHistory } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { startTables, type Tables } from '../../support/tables.ts';

let tables: Tables;
let it: Awaited<ReturnType<typeof newHistory>>;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  it = await newHistory(tables);
});

const failure = { name: 'RestoreInterrupted', message: 'The restore was interrupted.' };
const LEASE = 60_000;
const progress = {
  step: 'loading',
  tablesDone: 1,
  tablesTotal: 3,
  bytesRead: 10,
  bytesTotal: 30,
  at: 'now',
} as const;

/** A kind of job as the suite needs it: one port, rows of it, and something that its worker finds. */
interface Kind<J extends Job> {
  readonly jobs: Jobs<J>;
  readonly row: (changes?: Partial<Job>) => J;
  readonly findings: JobFindings<J>;
  /** Those that outlive the attempt. */
  readonly lasting: JobFindings<J>;
  readonly prefix: string;
}

const restoreKind = (): Kind<Restore> => ({
  jobs: jobRows(it.access).restores,
  row: (changes) => restoreRow(it.access.clock(), changes),
  findings: { safetyBackupId: 'b1', progress },
  lasting: { safetyBackupId: 'b1' },
  prefix: TABLE.restorePrefix,
});
const verificationKind = (): Kind<Verification> => ({
  jobs: jobRows(it.access).verifications,
  row: (changes) => verificationRow(it.access.clock(), changes),
  findings: { result: notRun('It is too large.') },
  lasting: { result: notRun('It is too large.') },
  prefix: TABLE.verificationPrefix,
});

const suite = <J extends Job>(kindOf: () => Kind<J>) => {
  let kind: Kind<J>;
  let jobs: Jobs<J>;
  beforeEach(() => {
    kind = kindOf();
    jobs = kind.jobs;
  });

  const pending = async (changes: Partial<Job> = {}): Promise<J> => {
    const job = kind.row(changes);
    expect(await jobs.create(job)).toBe('created');
    return job;
  };
  const claimed = async ({ projectId, id }: Job): Promise<JobClaim> => {
    const outcome = await jobs.claim(projectId, id);
    if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
    return outcome.claim;
  };
  const rawRow = ({ projectId, id }: Job) =>
    getRow(it.access, { pk: `${TABLE.projectPrefix}${projectId}`, sk: `${kind.prefix}${id}` });
  const openIds = async (state: 'pending' | 'in-progress' | 'untold') => {
    const ids: string[] = [];
    for await (const { id } of jobs.open(state)) ids.push(id);
    return ids.sort();
  };

  describe('its row', () => {
    test('is given back as it was written, and shows nothing of its storage', async () => {
      const job = await pending();
      expect(await jobs.get(job.projectId, job.id)).toEqual(job);
      expect(await jobs.get('globex', job.id)).toBeUndefined();
    });

    test('is written once: who asks for it again changes nothing', async () => {
      const job = await pending();
      await claimed(job);
      expect(await jobs.create({ ...job, projectName: 'another' })).toBe('exists');
      expect(await jobs.get(job.projectId, job.id)).toMatchObject({
        projectName: 'Acme',
        status: 'in-progress',
      });
    });

    test('is no backup: neither in the lists of backups nor in the indexes of them', async () => {
      const job = await pending();
      const backup = await it.pending();
      expect(await it.openIds('pending')).toEqual([backup.id]);
      expect(await openIds('pending')).toEqual([job.id]);
      expect((await it.history.list('acme', { limit: 10 })).items).toHaveLength(1);
      expect(await it.history.ofDay('2026-11-21', 10)).toHaveLength(1);
      expect(await it.history.get('acme', job.id)).toBeUndefined();
      expect(await it.history.claim('acme', job.id)).toEqual({ kind: 'missing' });
    });

    test('may be removed only once it has ended, a moment after its time', async () => {
      const ends: ((claim: JobClaim, job: J) => Promise<unknown>)[] = [
        (claim) => jobs.complete(claim, kind.findings),
        (claim) => jobs.fail(claim, failure),
        (claim) => jobs.cancel(claim),
        (_, job) => {
          it.pass(LEASE);
          return jobs.failAbandoned(job.projectId, job.id, failure);
        },
      ];
      for (const end of ends) {
        const job = await pending();
        const claim = await claimed(job);
        expect(await rawRow(job)).not.toHaveProperty(TABLE.ttl);
        expect(await end(claim, job)).toBe('written');
        expect((await rawRow(job))?.[TABLE.ttl]).toBe(Math.ceil(Date.parse(job.expiresAt) / 1000));
        expect(await jobs.get(job.projectId, job.id)).not.toHaveProperty(TABLE.ttl);
      }
    });
  });

  describe('claiming', () => {
    test('of twenty workers at once, exactly one gets it, and once more when the lease ran out', async () => {
      const { id, projectId } = await pending();
      for (const attempt of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, () => jobs.claim(projectId, id)),
        );
        expect(outcomes.filter(({ kind: is }) => is === 'claimed')).toHaveLength(1);
        expect(outcomes.filter(({ kind: is }) => is === 'busy')).toHaveLength(19);
        expect((await jobs.get(projectId, id))?.attempt).toBe(attempt);
        it.pass(LEASE);
      }
    });

    test('is refused while a lease runs, for what is missing, and after three attempts', async () => {
      const job = await pending();
      await claimed(job);
      it.pass(LEASE - 1);
      expect(await jobs.claim('acme', job.id)).toEqual({
        kind: 'busy',
        leaseUntil: '2026-11-21T02:01:00.000Z',
      });
      const missing = kind.row();
      expect(await jobs.claim('acme', missing.id)).toEqual({ kind: 'missing' });
      expect(await rawRow(missing)).toBeUndefined();
      it.pass(1);
      for (const attempt of [2, 3]) {
        expect((await claimed(job)).attempt).toBe(attempt);
        it.pass(LEASE);
      }
      expect(await jobs.claim('acme', job.id)).toMatchObject({
        kind: 'exhausted',
        job: { id: job.id, attempt: 3 },
      });
    });

    test('is refused for what has ended', async () => {
      const job = await pending();
      await jobs.complete(await claimed(job), kind.findings);
      it.pass(LEASE);
      expect(await jobs.claim('acme', job.id)).toEqual({ kind: 'final', status: 'completed' });
    });

    test('knows its own claim again when the answer to it was lost', async () => {
      const job = await pending();
      tables.client.middlewareStack.add(
        (next, context) => async (args) => {
          if (context.commandName === 'UpdateItemCommand') await next(args);
          return next(args);
        },
        { step: 'finalizeRequest', priority: 'low', name: 'twice' },
      );
      try {
        expect((await claimed(job)).attempt).toBe(1);
      } finally {
        tables.client.middlewareStack.remove('twice');
      }
    });
  });

  describe('a worker that holds its claim', () => {
    test('keeps it by heartbeats, and writes what it finds without a write to any index', async () => {
      const job = await pending();
      const claim = await claimed(job);
      const before = await rawRow(job);
      it.pass(LEASE - 1);
      expect(await jobs.heartbeat(claim, kind.findings)).toBe('held');
      it.pass(LEASE - 1);
      expect(await jobs.heartbeat(claim)).toBe('held');
      const after = await rawRow(job);
      expect(after).toMatchObject(kind.findings);
      const changed = Object.keys(after ?? {}).filter(
        (name) => JSON.stringify(after?.[name]) !== JSON.stringify(before?.[name]),
      );
      expect(changed.sort()).toEqual([...Object.keys(kind.findings), 'leaseUntil'].sort());
      const projected: readonly string[] = [...STATUS_PROJECTION, ...DAY_PROJECTION];
      expect(changed.filter((name) => projected.includes(name))).toEqual([]);
    });

    test('hears of a cancellation at its next heartbeat, and does not come back for another attempt', async () => {
      const job = await pending();
      const claim = await claimed(job);
      expect(await jobs.requestCancel('acme', job.id)).toBe('in-progress');
      expect(await jobs.heartbeat(claim)).toBe('cancelling');
      expect(await jobs.release(claim, failure, 'soon')).toBe('written');
      expect((await jobs.get('acme', job.id))?.status).toBe('cancelled');
    });

    test('gives it back for a retry with the reason, and keeps what it found', async () => {
      const job = await pending();
      const claim = await claimed(job);
      await jobs.heartbeat(claim, kind.findings);
      expect(await jobs.release(claim, failure, '2026-11-21T02:05:00.000Z')).toBe('written');
      const row = await jobs.get('acme', job.id);
      expect(row).toMatchObject({ status: 'pending', attempt: 1, error: failure, ...kind.lasting });
      expect(row).not.toHaveProperty('progress');
      expect((await claimed(job)).attempt).toBe(2);
    });

    test('completes it with what was found and how long it took, and leaves nothing of the work behind', async () => {
      const job = await pending();
      await jobs.release(await claimed(job), failure, 'soon');
      it.pass(5000);
      const claim = await claimed(job);
      await jobs.heartbeat(claim, kind.findings);
      it.pass(7000);
      expect(await jobs.complete(claim, kind.lasting)).toBe('written');
      expect(await jobs.get('acme', job.id)).toEqual({
        ...job,
        ...kind.lasting,
        status: 'completed',
        attempt: 2,
        startedAt: iso(NIGHT + 5000),
        completedAt: iso(NIGHT + 12_000),
        durationMs: 7000,
      });
      const row = await rawRow(job);
      for (const name of ['leaseUntil', 'claimedBy', 'retryAt', 'error'])
        expect(row).not.toHaveProperty(name);
    });

    test('fails it with what was found', async () => {
      const job = await pending();
      expect(await jobs.fail(await claimed(job), failure, kind.findings)).toBe('written');
      expect(await jobs.get('acme', job.id)).toMatchObject({
        ...kind.findings,
        status: 'failed',
        error: failure,
        completedAt: iso(NIGHT),
      });
    });

    test('is told that its write was carried out when it is sent a second time', async () => {
      const writes: ((claim: JobClaim) => Promise<unknown>)[] = [
        (claim) => jobs.complete(claim, kind.findings),
        (claim) => jobs.fail(claim, failure, kind.findings),
        (claim) => jobs.cancel(claim),
        (claim) => jobs.release(claim, failure, 'soon'),
      ];
      for (const write of writes) {
        const claim = await claimed(await pending());
        expect(await write(claim)).toBe('written');
        expect(await write(claim)).toBe('written');
      }
    });
  });

  describe('a worker that lost its claim', () => {
    const writes: Record<string, (claim: JobClaim) => Promise<unknown>> = {
      heartbeat: (claim) => jobs.heartbeat(claim, kind.findings),
      complete: (claim) => jobs.complete(claim, kind.findings),
      fail: (claim) => jobs.fail(claim, failure, kind.findings),
      cancel: (claim) => jobs.cancel(claim),
      release: (claim) => jobs.release(claim, failure, 'soon'),
    };

    test.each(Object.keys(writes))('can change nothing: %s', async (name) => {
      const write = writes[name] ?? (() => Promise.reject(new Error(name)));
      const taken = await pending();
      const toAnother = await claimed(taken);
      it.pass(LEASE);
      await claimed(taken);

      const givenUp = await pending();
      const toNobody = await claimed(givenUp);
      it.pass(LEASE);
      await jobs.failAbandoned('acme', givenUp.id, { name: 'JobWorkerDied', message: 'It died.' });

      for (const [job, claim] of [
        [taken, toAnother],
        [givenUp, toNobody],
      ] as const) {
        const before = await rawRow(job);
        expect(await write(claim)).toBe('lost');
        expect(await rawRow(job)).toEqual(before);
      }
      const gone = kind.row();
      expect(await write({ projectId: 'acme', jobId: gone.id, attempt: 1 })).toBe('lost');
      expect(await rawRow(gone)).toBeUndefined();
    });

    test('to an attempt that completed it has not completed it', async () => {
      const job = await pending();
      const lost = await claimed(job);
      it.pass(LEASE);
      await jobs.complete(await claimed(job), kind.findings);
      expect(await jobs.complete(lost, kind.findings)).toBe('lost');
    });
  });

  describe('nobody working on it', () => {
    test('it fails once, but not while a lease runs or after its end', async () => {
      const job = await pending();
      const claim = await claimed(job);
      it.pass(LEASE - 1);
      expect(await jobs.failAbandoned('acme', job.id, failure)).toBe('not-abandoned');
      it.pass(1);
      expect(await jobs.failAbandoned('acme', job.id, failure, kind.findings)).toBe('written');
      expect(await jobs.get('acme', job.id)).toMatchObject({
        ...kind.findings,
        status: 'failed',
        error: failure,
      });
      expect(await jobs.failAbandoned('acme', job.id, failure)).toBe('not-abandoned');
      expect(await jobs.heartbeat(claim)).toBe('lost');
    });

    test('it is queued again with its attempts, unless it was to be cancelled', async () => {
      const job = await pending();
      await claimed(job);
      expect(await jobs.requeue('acme', job.id)).toBe('not-abandoned');
      it.pass(LEASE);
      expect(await jobs.requeue('acme', job.id)).toBe('written');
      expect(await jobs.get('acme', job.id)).toMatchObject({
        status: 'pending',
        attempt: 1,
        queuedAt: iso(NIGHT + LEASE),
      });
      await claimed(job);
      await jobs.requestCancel('acme', job.id);
      it.pass(LEASE);
      expect(await jobs.requeue('acme', job.id)).toBe('not-abandoned');
      expect((await jobs.get('acme', job.id))?.status).toBe('cancelled');
    });

    test('a wish to cancel ends one that waits, and tells what has ended as it is', async () => {
      const job = await pending();
      expect(await jobs.requestCancel('acme', job.id)).toBe('cancelled');
      expect(await jobs.claim('acme', job.id)).toEqual({ kind: 'final', status: 'cancelled' });
      const done = await pending();
      await jobs.complete(await claimed(done), {});
      expect(await jobs.requestCancel('acme', done.id)).toBe('completed');
      expect(await jobs.requestCancel('acme', kind.row().id)).toBeUndefined();
    });
  });

  test('open work is listed by what it waits for, until somebody has been told of its end', async () => {
    const made: J[] = [];
    for (let index = 0; index < 20; index += 1)
      made.push(await pending({ projectId: `project-${index}` }));
    const ids = made.map(({ id }) => id).sort();
    expect(await openIds('pending')).toEqual(ids);
    const [first] = made;
    if (!first) throw new Error('nothing was made');
    // Somebody told too early must not hide it.
    await jobs.told(first.projectId, first.id);
    expect(await openIds('pending')).toEqual(ids);
    const claims = await Promise.all(made.map(claimed));
    expect([await openIds('pending'), await openIds('in-progress')]).toEqual([[], ids]);
    for (const [index, claim] of claims.entries()) {
      if (index % 3 === 0) await jobs.fail(claim, failure);
      else if (index % 3 === 1) await jobs.cancel(claim);
      else await jobs.complete(claim, kind.findings);
    }
    expect([await openIds('in-progress'), await openIds('untold')]).toEqual([[], ids]);
    for await (const open of jobs.open('untold'))
      expect(Object.keys(open).sort()).toEqual(
        expect.arrayContaining(['attempt', 'completedAt', 'createdAt', 'queuedAt', 'source']),
      );
    expect(await it.openIds('untold')).toEqual([]);
    for (const { projectId, id } of made) await jobs.told(projectId, id);
    expect(await openIds('untold')).toEqual([]);
    expect(await jobs.get(first.projectId, first.id)).toMatchObject({ toldAt: iso(NIGHT) });
    const missing = kind.row();
    await jobs.told('acme', missing.id);
    expect(await rawRow(missing)).toBeUndefined();
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

    test('has them newest first, page by page, each once; of one backup or of all', async () => {
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

    test("takes no other list's cursor", async () => {
      const backupId = uuidv7(NIGHT);
      await many(backupId, 2);
      const { cursor = '' } = await jobs.list('acme', { backupId, limit: 1 });
      for (const query of [{}, { backupId: uuidv7(NIGHT) }])
        await expect(jobs.list('acme', { ...query, limit: 1, cursor })).rejects.toThrow('cursor');
      await expect(jobs.list('globex', { backupId, limit: 1, cursor })).rejects.toThrow('cursor');
      await expect(it.history.list('acme', { limit: 1, cursor })).rejects.toThrow('cursor');
      expect((await jobs.list('acme', { backupId, limit: 1, cursor })).items).toHaveLength(1);
    });

    test('hides what may be removed at any moment, and nothing that is still open', async () => {
      const ended = await pending();
      await jobs.complete(await claimed(ended), {});
      const open = await pending();
      it.pass(366 * DAY);
      const { items } = await jobs.list('acme', { limit: 10 });
      expect(items.map(({ id }) => id)).toEqual([open.id]);
    });
  });
};

describe('restores', () => suite(restoreKind));
describe('verifications', () => suite(verificationKind));

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
