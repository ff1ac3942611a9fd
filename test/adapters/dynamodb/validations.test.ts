import { describe, expect, test } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { ValidationNote } from '../../../core/job-ports.ts';
import { NIGHT, pendingBackup, type TestHistory } from '../../support/backups.ts';
import { historyForEach } from '../../support/history.ts';
import { jobRows } from '../../support/jobs.ts';

let it: TestHistory;
historyForEach((made) => {
  it = made;
});

const noteOf = (
  hour: number,
  validation: ValidationNote['validation'],
  changes: Partial<ValidationNote> = {},
): ValidationNote => ({
  validation,
  verificationId: uuidv7(NIGHT + hour * 3_600_000),
  validatedAt: iso(NIGHT + hour * 3_600_000),
  ...changes,
});
const note = (backupId: string, what: ValidationNote) =>
  jobRows(it.access).validations.noteValidation('acme', backupId, what);

describe('the result of a verification', () => {
  test('is on the row of its backup, in its lists too, and changes nothing else there', async () => {
    const { id } = await it.completed();
    const before = await it.history.get('acme', id);
    const { why, ...noted } = noteOf(1, 'failed', { why: 'Table t has one row fewer.' });
    await note(id, { ...noted, ...(why && { why }) });
    const after = await it.history.get('acme', id);
    expect(after).toEqual({ ...before, ...noted, validationWhy: why });
    expect((await it.history.list('acme', { limit: 1 })).items).toEqual([after]);
    expect(await it.history.ofDay('2026-11-21', { limit: 1 })).toEqual({ items: [after] });
  });

  test('stays failed until one passes, whatever could not run or was cancelled meanwhile', async () => {
    const { id } = await it.completed();
    await note(id, noteOf(1, 'failed', { why: 'it differs' }));
    const later = (['verifying', 'could-not-run', 'unverified'] as const).map((validation, hour) =>
      noteOf(2 + hour, validation, { why: 'no disk' }),
    );
    for (const each of later) await note(id, each);
    expect(await it.history.get('acme', id)).toMatchObject({
      validation: 'failed',
      validationWhy: 'it differs',
      verificationId: later.at(-1)?.verificationId,
    });
    expect(await it.history.get('acme', id)).not.toHaveProperty('knownBad');
    await note(id, noteOf(5, 'verified'));
    await note(id, noteOf(6, 'could-not-run', { why: 'no disk' }));
    expect(await it.history.get('acme', id)).toMatchObject({
      validation: 'could-not-run',
      validationWhy: 'no disk',
    });
  });

  test('by rows is not reversed by row counts, which prove less', async () => {
    const { id } = await it.completed();
    await note(id, noteOf(1, 'failed', { why: 'rows differ', compare: 'rows' }));
    await note(id, noteOf(2, 'verified', { compare: 'counts' }));
    expect(await it.history.get('acme', id)).toMatchObject({
      validation: 'failed',
      validationWhy: 'rows differ',
    });
    await note(id, noteOf(3, 'verified', { compare: 'rows' }));
    expect(await it.history.get('acme', id)).toMatchObject({ validation: 'verified' });
    await note(id, noteOf(4, 'failed', { compare: 'counts' }));
    await note(id, noteOf(5, 'verified', { compare: 'counts' }));
    expect(await it.history.get('acme', id)).toMatchObject({ validation: 'verified' });
  });

  test('is not reversed by an older verification that ends later', async () => {
    const { id } = await it.completed();
    const newer = noteOf(2, 'failed', { why: 'it differs' });
    await note(id, newer);
    await note(id, noteOf(1, 'verified'));
    expect(await it.history.get('acme', id)).toMatchObject({
      validation: 'failed',
      verificationId: newer.verificationId,
      validationWhy: 'it differs',
    });
  });

  test('is replaced by the result of the same or a newer one, with its reason or without one', async () => {
    const { id } = await it.completed();
    const first = noteOf(1, 'verifying');
    await note(id, first);
    await note(id, { ...first, validation: 'could-not-run', why: 'too large' });
    expect(await it.history.get('acme', id)).toMatchObject({
      validation: 'could-not-run',
      validationWhy: 'too large',
    });
    await note(id, noteOf(2, 'verified'));
    const row = await it.history.get('acme', id);
    expect(row?.validation).toBe('verified');
    expect(row).not.toHaveProperty('validationWhy');
  });

  test('creates no row if the backup is gone', async () => {
    const gone = pendingBackup();
    await note(gone.id, noteOf(1, 'verified'));
    expect(await it.row(gone)).toBeUndefined();
  });
});
