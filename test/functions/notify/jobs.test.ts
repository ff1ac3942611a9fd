import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeMailer } from '../../../adapters/ses/mailer.ts';
import type { Restore, RestoreOutcome } from '../../../core/restore.ts';
import { notRun, type Verification, type VerificationResult } from '../../../core/verification.ts';
import { type NotifyPorts, takeNote } from '../../../functions/notify/notify.ts';
import { type Mailbox, startMailbox } from '../../adapters/ses/mailbox.ts';
import { NIGHT, newHistory, silent } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { startTables, type Tables } from '../../support/tables.ts';

let tables: Tables;
let mailbox: Mailbox;
let ports: NotifyPorts & ReturnType<typeof jobRows>;

beforeAll(async () => {
  [tables, mailbox] = await Promise.all([startTables(), startMailbox()]);
});
afterAll(async () => {
  await tables.stop();
  await mailbox.stop();
});
beforeEach(async () => {
  await mailbox.clear();
  const { access, history, runs } = await newHistory(tables);
  const people = { from: 'larder@example.com', to: ['ann@example.com'] };
  const mailer = makeMailer({ client: mailbox.client, ...people });
  ports = { history, runs, ...jobRows(access), mailer, log: silent };
});

const loud = { environment: 'test', onSuccess: true };
const quiet = { environment: 'test', onSuccess: false };

const OUTCOME: RestoreOutcome = {
  schemas: [{ from: 'acme', to: 'acme_restored_20261121t020000' }],
  tables: 3,
  rows: 42,
  bytesRead: 1000,
  foreignKeys: [],
  leftOut: [],
  before: [],
  warnings: [],
};
const RESULT: VerificationResult = {
  ...notRun(''),
  verdict: 'verified',
  checked: { ...notRun('').checked, tables: 3, rows: 42, objects: 7 },
};

/** Ends a restore, and reports it. */
const told = async (
  given: Partial<Restore>,
  end: 'completed' | 'failed' | 'cancelled',
  settings = loud,
) => {
  const row = restoreRow(NIGHT, given);
  const { projectId, id } = row;
  await ports.restores.create(row);
  const claim = { projectId, id, attempt: 1 };
  await ports.restores.claim(projectId, id);
  const { outcome, report } = row;
  if (end === 'completed')
    await ports.restores.complete(claim, {
      ...(outcome && { outcome }),
      ...(report && { report }),
    });
  else if (end === 'failed')
    await ports.restores.fail(claim, { name: 'BackupDamaged', message: 'It is damaged.' });
  else await ports.restores.cancel(claim);
  const message = { kind: 'restore' as const, projectId, restoreId: id };
  await takeNote(ports, settings, message);
  await takeNote(ports, settings, message);
  return await mailbox.received();
};

describe('a restore', () => {
  test('is mailed once, with the schema it made', async () => {
    const [mail, ...more] = await told({ outcome: OUTCOME }, 'completed');
    expect(more).toEqual([]);
    expect(mail?.subject).toBe('[Larder test] Restore of Acme completed');
    expect(mail?.body.text).toContain('acme_restored_20261121t020000');
    expect(mail?.body.text).toContain('3 tables, 42 rows');
  });

  test('that failed is mailed even to recipients who want no successes', async () => {
    const [mail] = await told({}, 'failed', quiet);
    expect(mail?.subject).toContain('failed');
    expect(mail?.body.text).toContain('It is damaged.');
  });

  test('that succeeded is not mailed to them', async () => {
    expect(await told({ outcome: OUTCOME }, 'completed', quiet)).toEqual([]);
  });

  test.each([
    ['left something out', { leftOut: [{ what: 'grants', why: 'there is no role "x"' }] }],
    ['has warnings', { warnings: ['Functions of the tenant ran.'] }],
    [
      'lacks a key',
      {
        foreignKeys: [
          { table: { schema: 'acme', name: 't' }, name: 'k', state: 'not-valid' as const },
        ],
      },
    ],
  ])('that completed and %s is mailed even to them', async (_, changes) => {
    expect(await told({ outcome: { ...OUTCOME, ...changes } }, 'completed', quiet)).toHaveLength(1);
  });

  test('that swapped is mailed with how to undo it, and what is missing', async () => {
    const outcome: RestoreOutcome = {
      ...OUTCOME,
      before: [{ from: 'acme', to: 'acme_before_20261121t020000' }],
      leftOut: [{ what: 'grant on table t', why: 'there is no role reporter' }],
      foreignKeys: [
        {
          table: { schema: 'acme', name: 't' },
          name: 't_owner_fkey',
          state: 'not-valid',
          why: 'row 7',
        },
      ],
    };
    const [mail] = await told({ mode: 'swap', outcome }, 'completed');
    expect(mail?.body.text).toMatch(
      /POST \/projects\/acme\/backups\/[0-9a-f-]+\/restores\/[0-9a-f-]+\/undo/,
    );
    expect(mail?.body.text).toContain('acme_before_20261121t020000');
    expect(mail?.body.text).toContain('there is no role reporter');
    expect(mail?.body.text).toContain('t_owner_fkey');
  });

  test('that left objects with the old schema is mailed even if successes are not', async () => {
    const dependentObjects: RestoreOutcome['dependentObjects'] = [
      {
        kind: 'materialized view',
        name: 'reports.totals',
        repoint: 'not-done',
        obstacle: 'not-replaceable',
      },
    ];
    const [mail] = await told(
      { mode: 'swap', outcome: { ...OUTCOME, dependentObjects } },
      'completed',
      quiet,
    );
    expect(mail?.body.text).toContain('materialized view reports.totals');
  });

  test('that named the live schema is mailed with which objects name it, and which would write to it', async () => {
    const namingLive = [{ what: 'trigger "acme.t: fired"', writes: true }];
    const [mail] = await told({ outcome: { ...OUTCOME, namingLive } }, 'completed');
    expect(mail?.body.text).toContain('Names the live schema in strings');
    expect(mail?.body.text).toContain('trigger "acme.t: fired": it would write');
  });

  test('that left objects unfinished lists them first, and how to finish them in one script', async () => {
    const outcome: RestoreOutcome = {
      ...OUTCOME,
      unfinished: [
        {
          kind: 'foreign-key',
          object: 'constraint "k" of table "acme.t"',
          state: 'not-valid',
          why: 'a row is missing (23503)',
          sql: 'ALTER TABLE "acme"."t"\n  VALIDATE CONSTRAINT "k"',
        },
        {
          kind: 'index',
          object: 'index "acme.t: i"',
          state: 'missing',
          why: 'twice (23505)',
          sql: "CREATE INDEX i ON acme.t ((v = 'a\u0007b'))",
        },
      ],
    };
    const [mail] = await told({ outcome }, 'completed', quiet);
    expect(mail?.subject).toBe('[Larder test] Restore of Acme completed, 2 objects unfinished');
    const text = mail?.body.text ?? '';
    expect(text).toContain('constraint "k" of table "acme.t" holds for new rows only');
    expect(text).toContain('VALIDATE CONSTRAINT "k";');
    expect(text).toContain('index "acme.t: i" is missing: twice (23505)');
    // What can't be seen would be another constant.
    expect(text).not.toContain('CREATE INDEX');
  });

  test('that was a dry run is mailed with what prevents the restore', async () => {
    const report = {
      at: '2026-11-21T02:00:00.000Z',
      serverVersion: '18.6',
      schemas: OUTCOME.schemas,
      needs: { databaseBytes: 1, seconds: 6, secondsAllowed: 800 },
      missingExtensions: [],
      missingRoles: [],
      missingOutside: [],
      functionsNamingLive: [],
      namingLive: [
        { what: 'view "acme.v"', writes: false },
        { what: 'the default of column "no" of table "acme.t"', writes: true },
      ],
      foreignKeysOutside: [],
      dependents: [],
      problems: ['The schema "x" already exists.'],
      warnings: [],
    };
    const [mail] = await told({ dryRun: true, report }, 'completed');
    expect(mail?.subject).toContain('would be refused');
    expect(mail?.body.text).toContain('The schema "x" already exists.');
    expect(mail?.body.text).toContain(
      'the default of column "no" of table "acme.t": it would write',
    );
    expect(mail?.body.text).toContain('view "acme.v"');
    expect(mail?.body.text).toMatch(/Verdict: +refused/);
  });
});

const verified = async (
  given: Partial<Verification>,
  result: VerificationResult | undefined,
  settings = loud,
) => {
  const row = verificationRow(NIGHT, given);
  const { projectId, id } = row;
  await ports.verifications.create(row);
  await ports.verifications.claim(projectId, id);
  const claim = { projectId, id, attempt: 1 };
  if (result) await ports.verifications.complete(claim, { result });
  else await ports.verifications.fail(claim, { name: 'JobWorkerDied', message: 'It died.' });
  await takeNote(ports, settings, { kind: 'verification', projectId, verificationId: id });
  expect((await ports.verifications.get(projectId, id))?.toldAt).toBeDefined();
  return await mailbox.received();
};
const FAILED: VerificationResult = {
  ...RESULT,
  verdict: 'failed',
  differences: ['table acme.t has 41 rows, not 42'],
  differenceCount: 1,
};

describe('a verification', () => {
  test('that found a difference is mailed, for any requester and any subscription', async () => {
    const [mail] = await verified({ asked: false }, FAILED, quiet);
    expect(mail?.subject).toContain('failed its verification');
    expect(mail?.body.text).toContain('table acme.t has 41 rows, not 42');
  });

  test('whose backup was restored with unfinished objects is mailed, for any requester', async () => {
    const unfinished: VerificationResult['unfinished'] = [
      { kind: 'index', object: 'index "acme.t: i"', state: 'missing', why: 'twice (23505)' },
    ];
    const [mail] = await verified({ asked: false }, { ...RESULT, unfinished }, quiet);
    expect(mail?.subject).toContain('was restored with 1 unfinished object');
    expect(mail?.body.text).toContain('index "acme.t: i": twice (23505)');
  });

  test('that was not requested is mailed for no other reason', async () => {
    expect(await verified({ asked: false }, RESULT)).toEqual([]);
    expect(await verified({ asked: false }, notRun('too large'))).toEqual([]);
  });

  test('that a person requested is mailed, whatever its outcome', async () => {
    const [good] = await verified({}, RESULT);
    expect(good?.subject).toContain('it is whole');
    await mailbox.clear();
    const [bad] = await verified({}, notRun('The extension is missing.'), quiet);
    expect(bad?.subject).toContain('could not be verified');
    expect(bad?.body.text).toContain('The extension is missing.');
    expect(bad?.subject).not.toContain('whole');
    await mailbox.clear();
    const [dead] = await verified({}, undefined, quiet);
    expect(dead?.body.text).toContain('It died.');
    expect(dead?.body.text).toContain('not known whether the backup is good or damaged');
  });
});
