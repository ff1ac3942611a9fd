import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DumpUnreadable, StatementRefused } from '../../../core/errors/restore.ts';
import {
  RehearsalImpossible,
  ScratchDied,
  ScratchDiskFull,
  ScratchFailed,
  ScratchFaltered,
} from '../../../core/errors/verification.ts';
import type { UnfinishedObject } from '../../../core/restore.ts';
import type { ScratchRestoreRequest } from '../../../core/verification-ports.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { BYTES, EQUAL, openSituation, type Situation } from './support.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const verified = async (given: Situation = {}) => {
  const it = await openSituation(tables, given);
  const disposition = await it.deliver();
  const { status, result, error } = await it.row();
  const { validation, validationWhy, verificationId } = await it.backupRow();
  return { ...it, disposition, status, result, error, validation, validationWhy, verificationId };
};

/** Fails in the middle of its input. */
const failing = (error: unknown) => ({
  scratchRestores: {
    restoreAndCompare: async ({ openText }: ScratchRestoreRequest): Promise<never> => {
      for await (const _ of await openText(18)) throw error;
      throw new Error('there was nothing to read');
    },
  },
});

describe('a verification', () => {
  it('that finds no difference makes the backup verified, and is not mailed unless requested', async () => {
    const found = await verified();
    expect(found.status).toBe('completed');
    expect(found.result).toMatchObject({ verdict: 'verified', ...EQUAL });
    expect(found).toMatchObject({ validation: 'verified', verificationId: found.verification.id });
    expect(found.validationWhy).toBeUndefined();
    expect(found.outcomes).toEqual([]);
    // Nothing is left for sweep to report.
    expect((await found.row()).toldAt).toBeDefined();
  });

  it('that was requested is reported, whatever its outcome', async () => {
    const found = await verified({ asked: true });
    expect(found.outcomes).toEqual([
      { kind: 'verification', projectId: 'acme', verificationId: found.verification.id },
    ]);
    expect((await found.row()).toldAt).toBeUndefined();
  });

  it('that finds differences fails the backup, lists them, and is reported', async () => {
    const differences = ['table "acme"."a" has 1 rows, and had 2', 'view acme.v is missing'];
    const found = await verified({ restored: { ...EQUAL, differences, differenceCount: 70 } });
    expect(found.status).toBe('completed');
    expect(found.result).toMatchObject({ verdict: 'failed', differences, differenceCount: 70 });
    expect(found.validation).toBe('failed');
    expect(found.validationWhy).toBe(
      'table "acme"."a" has 1 rows, and had 2 (and 69 more differences)',
    );
    expect(found.outcomes).toHaveLength(1);
  });

  it('that finds the same unfinished objects as before reports them again only in another week', async () => {
    const unfinished = [
      { kind: 'check', object: 'constraint "c" of table "acme.t"', state: 'not-valid', why: 'x' },
    ] as const;
    const other = [{ ...unfinished[0], object: 'constraint "d" of table "acme.t"' }];
    const told = async (
      days: number | undefined,
      found: readonly UnfinishedObject[],
      asked = false,
    ): Promise<number> => {
      const it = await openSituation(tables, { asked, restored: { ...EQUAL, unfinished } });
      const { verifications } = it.ports;
      // A Wednesday: the days before are of the same week from Monday on.
      const createdAt = '2026-07-15T02:00:00.000Z';
      const before = {
        ...it.verification,
        id: 'before',
        createdAt: new Date(Date.parse(createdAt) - (days ?? 0) * 86_400_000).toISOString(),
        status: 'completed',
        result: { verdict: 'verified', ...EQUAL, ...(found.length && { unfinished: found }) },
      } as const;
      const items = [
        { ...it.verification, createdAt },
        ...(days === undefined ? [] : [{ ...before, result: undefined }, before]),
      ].map(({ result, ...one }) => ({ ...one, ...(result && { result }) }));
      const complete: typeof verifications.complete = async (claim, result) => {
        const row = await verifications.complete(claim, result);
        return row && { ...row, createdAt };
      };
      const list = async () => ({ items });
      await it.deliver({ verifications: { ...verifications, complete, list } });
      return it.outcomes.length;
    };
    expect(await told(undefined, [])).toBe(1);
    expect(await told(1, unfinished)).toBe(0);
    expect(await told(2, unfinished)).toBe(0);
    expect(await told(3, unfinished)).toBe(1);
    expect(await told(1, other)).toBe(1);
    expect(await told(1, [])).toBe(1);
    expect(await told(1, unfinished, true)).toBe(1);
  });

  it('of bytes that differ from the stored ones fails the backup', async () => {
    const bytes = Buffer.from(BYTES);
    bytes.writeUInt8(0, 3);
    const found = await verified({ bytes });
    expect(found.result?.verdict).toBe('failed');
    expect(found.result?.differences[0]).toContain('SHA-256');
    expect(found.validation).toBe('failed');
  });

  it('of bytes that were damaged in transit is repeated, and does not fail the backup', async () => {
    const situation = await openSituation(tables);
    const { vault } = situation.ports;
    let readings = 0;
    const read: typeof vault.read = (key) => {
      readings += 1;
      const bytes = Buffer.from(BYTES);
      if (readings === 1) bytes.writeUInt8(0, 3);
      return readings === 1 ? Readable.from([bytes], { objectMode: false }) : vault.read(key);
    };
    await situation.deliver({ vault: { ...vault, read } });
    expect(await situation.row()).toMatchObject({
      status: 'pending',
      error: { name: 'ReadCorrupted' },
    });
    situation.pass(1_000_000);
    await situation.deliver({ vault: { ...vault, read } });
    expect((await situation.row()).result?.verdict).toBe('verified');
  });

  it.each<[string, Situation, RegExp]>([
    ['a data-only backup', { backup: { content: 'data' } }, /rows only/],
    ['a backup of logs', { backup: { type: 'logs' } }, /one of logs/],
    [
      'an old backup whose manifest lists no definitions, and is not signed,',
      { undefinedObjects: true },
      /lists no definitions/,
    ],
    [
      'a backup that would take too long',
      {
        manifest: { tables: [{ schema: 'acme', name: 'a', kind: 'table', rows: 1, bytes: 1e15 }] },
      },
      /at the very least, and the function has 840 s/,
    ],
  ])('of %s could not run, and gives the reason', async (_, given, why) => {
    const found = await verified(given);
    expect(found.status).toBe('completed');
    expect(found.result).toMatchObject({
      verdict: 'could-not-run',
      why: expect.stringMatching(why),
    });
    expect(found.result?.checked.tables).toBe(0);
    expect(found).toMatchObject({
      validation: 'could-not-run',
      validationWhy: expect.stringMatching(why),
    });
  });

  it('of a deleted backup could not run, gives the reason, and leaves the deleted row as it is', async () => {
    const found = await verified({ backup: { status: 'deleted' } });
    expect(found.status).toBe('completed');
    expect(found.result).toMatchObject({
      verdict: 'could-not-run',
      why: expect.stringMatching(/is deleted; only a completed one/),
    });
    expect(found.result?.checked.tables).toBe(0);
    expect(await found.backupRow()).toMatchObject({ status: 'deleted', validation: 'unverified' });
    expect(found.validationWhy).toBeUndefined();
    expect(found.verificationId).toBeUndefined();
  });

  it('of a backup whose row is gone could not run', async () => {
    const it = await openSituation(tables);
    await it.deliver({ history: { get: async () => undefined } });
    expect((await it.row()).result).toMatchObject({ verdict: 'could-not-run' });
  });

  it.each([
    new ScratchDiskFull('/tmp', 'no space'),
    new RehearsalImpossible('The layer lacks it', 'Add it.'),
  ])('that ends with $name could not run, at once', async (error) => {
    const it = await openSituation(tables);
    await it.deliver(failing(error));
    expect(await it.row()).toMatchObject({
      status: 'completed',
      attempt: 1,
      result: { verdict: 'could-not-run', why: error.message },
    });
    expect((await it.backupRow()).validation).toBe('could-not-run');
  });

  it.each([
    new ScratchDied('signal SIGKILL', ''),
    new ScratchFailed('it took no session', 'Try.', { retryable: true }),
    new ScratchFaltered('an index', 'out of memory (53200)'),
  ])('that ends with $name is tried again, and then could not run', async (error) => {
    const it = await openSituation(tables);
    const before = (await it.backupRow()).validation;
    await it.deliver(failing(error));
    expect(await it.row()).toMatchObject({ status: 'pending' });
    it.pass(1_000_000);
    await it.deliver();
    expect((await it.row()).result).toMatchObject({ verdict: 'verified' });
    const other = await openSituation(tables);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await other.deliver(failing(error));
      other.pass(1_000_000);
    }
    expect(await other.row()).toMatchObject({
      status: 'completed',
      attempt: 3,
      result: { verdict: 'could-not-run', why: error.message },
    });
    expect((await other.backupRow()).validation).toBe('could-not-run');
    expect(before).toBe('unverified');
  });

  it.each([
    new StatementRefused('index acme.i', 'could not create unique index (23505)'),
    new DumpUnreadable('byte 3', 'nonsense'),
  ])(
    'that ends with $name fails the backup, and reports whether the vault damaged it',
    async (error) => {
      const it = await openSituation(tables);
      await it.deliver(failing(error));
      const { result } = await it.row();
      expect(result).toMatchObject({
        verdict: 'failed',
        differences: [error.message, expect.stringContaining('there from the beginning')],
      });
      const other = await openSituation(tables, { bytes: Buffer.from('what pg_dump wr0te') });
      await other.deliver(failing(error));
      const { verdict, differences } = (await other.row()).result ?? {};
      expect(verdict).toBe('failed');
      expect(differences).toEqual([expect.stringContaining('SHA-256'), error.message]);
    },
  );

  it('that is cancelled leaves the backup as it was before', async () => {
    const it = await openSituation(tables, {
      backup: { validation: 'failed', validationWhy: 'it differs' },
    });
    const restoreAndCompare = async ({ signal }: ScratchRestoreRequest) => {
      expect((await it.backupRow()).validation).toBe('verifying');
      await it.ports.verifications.requestCancel('acme', it.verification.id);
      return await new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    await it.deliver({ scratchRestores: { restoreAndCompare } });
    expect((await it.row()).status).toBe('cancelled');
    expect(await it.backupRow()).toMatchObject({
      validation: 'failed',
      validationWhy: 'it differs',
    });
  });

  it('that lost its claim changes nothing on the backup', async () => {
    const it = await openSituation(tables);
    const restoreAndCompare = async () => {
      it.pass(600_000);
      await it.ports.verifications.claim('acme', it.verification.id);
      return EQUAL;
    };
    const disposition = await it.deliver({ scratchRestores: { restoreAndCompare } });
    expect(disposition.message).toBe('again');
    expect((await it.row()).status).toBe('in-progress');
    expect((await it.backupRow()).validation).toBe('verifying');
  });

  it('whose worker died in each attempt could not run', async () => {
    const it = await openSituation(tables);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await it.ports.verifications.claim('acme', it.verification.id);
      it.pass(600_000);
    }
    await it.deliver();
    expect(await it.row()).toMatchObject({
      status: 'failed',
      error: { name: 'JobWorkerDied' },
      result: { verdict: 'could-not-run' },
    });
    expect(await it.backupRow()).toMatchObject({
      validation: 'could-not-run',
      validationWhy: expect.stringContaining('died in each of 3 attempts'),
    });
  });

  it('that runs out of time could not run', async () => {
    const it = await openSituation(tables);
    const restoreAndCompare = ({ signal }: ScratchRestoreRequest) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the session was dropped')));
      });
    // A second is the least time that a worker gives itself.
    await it.deliver({ scratchRestores: { restoreAndCompare } }, 1000);
    expect(await it.row()).toMatchObject({
      result: { verdict: 'could-not-run', why: expect.stringContaining('stopped after 1 s') },
    });
  });

  it('of a backup that is removed meanwhile reports the removal, not damage', async () => {
    const it = await openSituation(tables);
    const vault = { ...it.ports.vault, head: async () => undefined };
    let looks = 0;
    const history = {
      get: async () => {
        looks += 1;
        return looks < 3 ? it.backup : { ...it.backup, status: 'deleted' as const };
      },
    };
    await it.deliver({ vault, history });
    expect((await it.row()).result).toMatchObject({
      verdict: 'could-not-run',
      why: expect.stringContaining('was removed while'),
    });
  });
});
