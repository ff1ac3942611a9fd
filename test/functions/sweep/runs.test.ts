import { describe, expect, test } from 'vitest';
import { completionOf } from '../../support/backups.ts';
import { DAY, HOUR, MINUTE, type System } from './sweeping.ts';
import { systemForEach } from './system-for-each.ts';

let it: System;
systemForEach((made) => {
  it = made;
});

const partOf = (planned: number) => ({
  planned,
  skipped: [],
  skippedCount: 0,
  plannedAt: it.now(),
});

describe('a source whose planning died', () => {
  test('is planned again half an hour later, with the same event', async () => {
    const run = await it.begun({
      sources: ['main', 'second'],
      projects: ['acme', '🐘'],
      retentionClass: 'yearly',
    });
    await it.runs.endPart(run.id, 'second', partOf(0));
    it.pass(30 * MINUTE);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ plansStarted: 1 });
    const { schedule, scheduledAt, projects, retentionClass } = run;
    expect(it.plans).toEqual([
      {
        source: 'main',
        event: { schedule, scheduledAt, sources: ['main', 'second'], projects, retentionClass },
      },
    ]);
  });

  test('is not started again by every sweep', async () => {
    await it.begun();
    it.pass(26 * MINUTE);
    const planned: number[] = [];
    for (const minute of [31, 36, 41, 46, 51, 56, 61, 66]) {
      it.pass(5 * MINUTE);
      if ((await it.mended()).plansStarted) planned.push(minute);
    }
    expect(planned).toEqual([31, 61]);
  });

  test('is given up after a day, which is mailed', async () => {
    const run = await it.begun();
    it.pass(DAY);
    expect(await it.mended()).not.toHaveProperty('partsGivenUp');
    it.pass(1);
    expect(await it.mended()).toMatchObject({ partsGivenUp: 1 });
    const part = (await it.runs.get(run.id))?.parts.main;
    expect(part?.error?.name).toBe('PlanningGivenUp');
    expect(it.told()[0]).toMatchObject({ kind: 'plan-failed', runId: run.id, source: 'main' });
  });

  test('is given up at once if the configuration no longer has the source', async () => {
    const run = await it.begun({ sources: ['gone'] });
    it.pass(30 * MINUTE + 1);
    expect(await it.mended()).toEqual({ partsGivenUp: 1 });
    expect(it.plans).toEqual([]);
    expect((await it.runs.get(run.id))?.parts.gone?.error).toBeDefined();
  });
});

describe('a run that all its sources have planned', () => {
  test('is settled if its backups ended without updating it', async () => {
    const run = await it.begun();
    const backups = [await it.requested(), await it.requested(), await it.requested()];
    const [done, failed, waiting] = backups;
    if (!done || !failed || !waiting) throw new Error('three were requested');
    await it.runs.noteChunk(
      run.id,
      'main',
      0,
      backups.map(({ projectId, id }) => ({ projectId, backupId: id })),
    );
    await it.runs.endPart(run.id, 'main', partOf(3));
    await it.history.complete(await it.claimed(done), completionOf(done));
    await it.history.fail(await it.claimed(failed), { name: 'X', message: 'x' });
    for (const { projectId, id } of [done, failed]) await it.history.markNotified(projectId, id);
    await it.queue.send([waiting]);
    it.pass(31 * MINUTE);
    expect(await it.mended()).toEqual({ backupsSettled: 2 });
    expect(await it.runs.tally(run.id)).toEqual({
      planned: 3,
      open: 1,
      ended: { completed: 1, failed: 1 },
    });
    expect(it.told()).toEqual([]);
  });

  test('is settled if planning listed a backup and died before it had a row', async () => {
    const run = await it.begun();
    const backupId = '00000000-0000-7000-8000-00000000000a';
    await it.runs.noteChunk(run.id, 'main', 0, [{ projectId: 'acme', backupId }]);
    await it.runs.endPart(run.id, 'main', partOf(0));
    it.pass(31 * MINUTE);
    expect(await it.mended()).toEqual({ backupsSettled: 1, outcomesSentAgain: 1 });
    expect(await it.runs.tally(run.id)).toEqual({ planned: 1, open: 0, ended: { failed: 1 } });
    expect(it.told()).toEqual([{ kind: 'run', runId: run.id }]);
  });

  test('but one of them keeps listed backups that have no row yet', async () => {
    const run = await it.begun({ sources: ['main', 'gone'] });
    const backupId = '00000000-0000-7000-8000-00000000000a';
    await it.runs.noteChunk(run.id, 'main', 0, [{ projectId: 'acme', backupId }]);
    it.pass(HOUR);
    await it.sweep();
    expect(await it.runs.tally(run.id)).toMatchObject({ open: 1 });
  });

  test('and settled is mailed, if it was not, and only then', async () => {
    const run = await it.begun();
    await it.runs.noteChunk(run.id, 'main', 0, []);
    await it.runs.endPart(run.id, 'main', partOf(0));
    it.pass(10 * MINUTE - 1);
    expect(await it.mended()).toEqual({});
    it.pass(1);
    expect(await it.mended()).toEqual({ outcomesSentAgain: 1 });
    expect(it.told()).toEqual([{ kind: 'run', runId: run.id }]);
    await it.runs.claimMail(run.id, 60);
    await it.runs.mailed(run.id);
    it.pass(DAY);
    expect(await it.mended()).toEqual({});
  });
});
