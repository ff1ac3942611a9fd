import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeMailer } from '../../../adapters/ses/mailer.ts';
import { type Backup, type Completion, iso } from '../../../core/backup.ts';
import { backupIdOf, uuidv7 } from '../../../core/ids.ts';
import type { OutcomeMessage } from '../../../core/messages.ts';
import { type Run, type RunPart, runOf } from '../../../core/run.ts';
import { notifyBatch } from '../../../functions/notify/batch.ts';
import type { NotifyPorts } from '../../../functions/notify/notify.ts';
import {
  type Mailbox,
  REFUSAL,
  startMailbox,
  startScriptedSes,
} from '../../adapters/ses/mailbox.ts';
import { completionOf, NIGHT, newHistory } from '../../support/backups.ts';
import { jobRows } from '../../support/jobs.ts';
import { sqsRecord } from '../../support/sqs-record.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { silent } from '../plan/planning.ts';

let tables: Tables;
let mailbox: Mailbox;
let stored: Awaited<ReturnType<typeof newHistory>>;
let ports: NotifyPorts;

beforeAll(async () => {
  [tables, mailbox] = await Promise.all([startTables(), startMailbox()]);
});
afterAll(async () => {
  await tables.stop();
  await mailbox.stop();
});
beforeEach(async () => {
  await mailbox.clear();
  stored = await newHistory(tables);
  const { history, runs } = stored;
  const people = { from: 'larder@example.com', to: ['ann@example.com'] };
  const mailer = makeMailer({ client: mailbox.client, ...people });
  ports = { history, runs, ...jobRows(stored.access), mailer, log: silent };
});

const settings = { environment: 'test', onSuccess: true };
const quiet = { environment: 'test', onSuccess: false };

const record = (outcome: unknown, index: number): SQSRecord =>
  sqsRecord(outcome, { messageId: `m${index}` });

/** Reports the outcomes in one batch; returns the messages that are to be delivered again. */
const tell = async (
  outcomes: readonly unknown[],
  changed: { ports?: NotifyPorts; settings?: typeof settings } = {},
): Promise<string[]> => {
  const { batchItemFailures } = await notifyBatch(
    changed.ports ?? ports,
    changed.settings ?? settings,
    { Records: outcomes.map(record) },
  );
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();
};
const subjects = async () => (await mailbox.received()).map(({ subject }) => subject);

const outcomeOf = ({ id, projectId, runId }: Backup): OutcomeMessage => ({
  kind: 'backup',
  projectId,
  backupId: id,
  ...(runId && { runId }),
});

const fail = async (backup: Backup, message = 'It is broken. Mend it.') => {
  await stored.history.fail(await stored.claimed(backup), { name: 'SchemaNotFound', message });
};
const complete = async (backup: Backup, changes: Partial<Completion> = {}) => {
  await stored.history.complete(await stored.claimed(backup), completionOf(backup, changes));
};

const partOf = (changes: Partial<RunPart> = {}): RunPart => ({
  planned: 0,
  skipped: [],
  skippedCount: 0,
  plannedAt: iso(NIGHT),
  ...changes,
});

/** A run of the source main with an open backup for each project. */
const startRun = async (projects: readonly string[], sources = ['main']) => {
  const event = {
    schedule: 'nightly',
    scheduledAt: iso(NIGHT),
    sources,
    retentionClass: 'daily' as const,
  };
  const { run } = await stored.runs.begin(runOf(event, NIGHT));
  const planned = projects.map((projectId) => ({
    projectId,
    backupId: backupIdOf(run.id, run.scheduledAt, projectId),
  }));
  await stored.runs.noteChunk(run.id, 'main', 0, planned);
  const backups: Backup[] = [];
  for (const { projectId, backupId } of planned)
    backups.push(
      await stored.pending({
        id: backupId,
        projectId,
        projectName: `Project ${projectId}`,
        runId: run.id,
        runChunk: 'main#0',
      }),
    );
  return { run, backups };
};
const endPart = (run: Run, changes: Partial<RunPart> = {}) =>
  stored.runs.endPart(run.id, 'main', partOf(changes));

test('a requested backup is mailed once, however often its outcome is delivered', async () => {
  const backup = await stored.completed({ trigger: 'manual' });
  expect(await tell([outcomeOf(backup)])).toEqual([]);
  expect(await tell([outcomeOf(backup)])).toEqual([]);
  expect(await subjects()).toEqual(['[Larder test] Backup of Acme completed (1.00 kB)']);
  expect(await stored.openIds('unnotified')).toEqual([]);
});

test('a failure is mailed even if successes are not', async () => {
  const good = await stored.completed({ trigger: 'manual' });
  const bad = await stored.pending({ projectId: 'globex', trigger: 'manual' });
  await fail(bad);
  expect(await tell([outcomeOf(good), outcomeOf(bad)], { settings: quiet })).toEqual([]);
  const [mail, ...others] = await mailbox.received();
  expect(others).toEqual([]);
  expect(mail?.subject).toContain('failed');
  expect(mail?.body.text).toContain('It is broken. Mend it.');
  expect(await stored.openIds('unnotified')).toEqual([]);
});

test('a requested backup with warnings is mailed even if successes are not', async () => {
  const backup = await stored.pending({ trigger: 'manual' });
  await complete(backup, { warnings: ['Table "t" has no primary key.'] });
  await tell([outcomeOf(backup)], { settings: quiet });
  const [mail] = await mailbox.received();
  expect(mail?.body.text).toContain('Table "t" has no primary key.');
});

test('a run is mailed if a backup lacks what the one before it had, with that backup first', async () => {
  const { run, backups } = await startRun(['a', 'b']);
  const [a, b] = backups;
  if (!a || !b) throw new Error('no backups');
  const warnings = ['It needs the extension citext.'];
  await complete(a, { warnings });
  await complete(b, {
    warnings: ['Tables that had rows and have none: "t" (5).', ...warnings],
    anomalyCount: 1,
  });
  await endPart(run, { planned: 2 });
  await tell(backups.map(outcomeOf), { settings: quiet });
  const [mail, ...others] = await mailbox.received();
  expect(others).toEqual([]);
  const text = mail?.body.text ?? '';
  expect(text).toContain('"t" (5)');
  expect(text.indexOf('Project b')).toBeLessThan(text.indexOf('Project a'));
});

test('a run is not mailed for warnings that its schemas give every night', async () => {
  const { run, backups } = await startRun(['a']);
  for (const backup of backups) await complete(backup, { warnings: ['It needs citext.'] });
  await endPart(run, { planned: 1 });
  await tell(backups.map(outcomeOf), { settings: quiet });
  expect(await subjects()).toEqual([]);
});

test('a run is mailed once, after all its backups have ended and all its sources have planned', async () => {
  const { run, backups } = await startRun(['a', 'b']);
  const [a, b] = backups;
  if (!a || !b) throw new Error('no backups');
  await complete(a);
  await tell([outcomeOf(a)]);
  await complete(b);
  await tell([outcomeOf(b)]);
  expect(await subjects()).toEqual([]);
  await endPart(run, { planned: 2 });
  await tell([{ kind: 'run', runId: run.id }]);
  await tell([{ kind: 'run', runId: run.id }, outcomeOf(a), outcomeOf(b)]);
  expect(await subjects()).toEqual(['[Larder test] nightly: 2 of 2 backups completed']);
  expect((await stored.runs.get(run.id))?.mailedAt).toBeDefined();
  expect(await stored.openIds('unnotified')).toEqual([]);
});

test('a run with failures is one mail that names each of them, never one mail a project', async () => {
  const { run, backups } = await startRun(['a', 'b', 'c']);
  for (const backup of backups) await fail(backup, `No schema for ${backup.projectId}.`);
  await endPart(run, { planned: 3 });
  await tell(backups.map(outcomeOf), { settings: quiet });
  const [mail, ...others] = await mailbox.received();
  expect(others).toEqual([]);
  for (const name of ['a', 'b', 'c']) expect(mail?.body.text).toContain(`No schema for ${name}.`);
});

test('a run is not mailed if all succeeded and successes are not wanted, and counts as notified', async () => {
  const { run, backups } = await startRun(['a']);
  for (const backup of backups) await complete(backup);
  await endPart(run, { planned: 1 });
  await tell(backups.map(outcomeOf), { settings: quiet });
  expect(await subjects()).toEqual([]);
  expect((await stored.runs.get(run.id))?.mailedAt).toBeDefined();
});

test('a skipped project is mailed even if successes are not', async () => {
  const { run } = await startRun([]);
  await endPart(run, { skipped: [{ projectId: 'a', why: 'still running' }], skippedCount: 1 });
  await tell([{ kind: 'run', runId: run.id }], { settings: quiet });
  expect(await subjects()).toEqual([
    '[Larder test] nightly: there was nothing to back up, 1 skipped',
  ]);
});

test('a run with nothing to do is mailed too', async () => {
  const { run } = await startRun([]);
  await endPart(run);
  await tell([{ kind: 'run', runId: run.id }]);
  expect(await subjects()).toEqual(['[Larder test] nightly: there was nothing to back up']);
});

test('a run waits for the parts of all its sources', async () => {
  const { run, backups } = await startRun(['a'], ['main', 'second']);
  for (const backup of backups) await complete(backup);
  await endPart(run, { planned: 1 });
  await tell(backups.map(outcomeOf));
  expect(await subjects()).toEqual([]);
  const error = { name: 'LoginRefused', message: 'The password is wrong. Mend the secret.' };
  await stored.runs.endPart(run.id, 'second', partOf({ error }));
  await tell([{ kind: 'plan-failed', runId: run.id, source: 'second', error }], {
    settings: quiet,
  });
  const [mail] = await mailbox.received();
  expect(mail?.subject).toBe('[Larder test] nightly: planning failed for second');
  expect(mail?.body.text).toContain('Mend the secret.');
});

test('a failure of planning is mailed even if its run was never written', async () => {
  const error = { name: 'PlanningGivenUp', message: 'Planning was given up.' };
  await tell([{ kind: 'plan-failed', runId: uuidv7(NIGHT), source: 'main', error }]);
  expect(await subjects()).toEqual(['[Larder test] Planning failed for main']);
});

test('a backup that planning never requested is mailed as failed', async () => {
  const { run, backups } = await startRun(['a']);
  for (const backup of backups) await complete(backup);
  const lost = { projectId: 'lost', backupId: backupIdOf(run.id, run.scheduledAt, 'lost') };
  await stored.runs.noteChunk(run.id, 'main', 1, [lost]);
  await stored.runs.settle(run.id, 'main#1', lost.backupId, 'failed');
  await endPart(run, { planned: 2 });
  await tell(backups.map(outcomeOf));
  const [mail] = await mailbox.received();
  expect(mail?.subject).toContain('1 of 2 backups failed');
  expect(mail?.body.text).toContain('Planning ended');
});

test('a mail that SES refuses stays in the queue, is not marked as sent, and is sent at the next delivery', async () => {
  const ses = await startScriptedSes(400, REFUSAL);
  const people = { from: 'larder@example.com', to: ['ann@example.com'] };
  const refused = { ...ports, mailer: makeMailer({ client: ses.client, ...people }) };
  const manual = await stored.completed({ trigger: 'manual', projectId: 'z' });
  const { run, backups } = await startRun(['a']);
  for (const backup of backups) await fail(backup);
  await endPart(run, { planned: 1 });
  const outcomes = [outcomeOf(manual), ...backups.map(outcomeOf)];
  expect(await tell(outcomes, { ports: refused })).toEqual(['m0', 'm1']);
  await ses.stop();
  expect(await stored.openIds('unnotified')).toEqual([manual.id]);
  expect((await stored.runs.get(run.id))?.mailedAt).toBeUndefined();

  // Another invocation may still be sending: until its right to mail has expired, the message only waits.
  expect(await tell(outcomes)).toEqual(['m1']);
  stored.pass(121_000);
  expect(await tell(outcomes)).toEqual([]);
  expect(await subjects()).toEqual([
    '[Larder test] Backup of Acme completed (1.00 kB)',
    '[Larder test] nightly: 1 of 1 backup failed',
  ]);
});

test('two invocations that see a run end at the same moment send one mail', async () => {
  const { run, backups } = await startRun(['a', 'b', 'c', 'd']);
  for (const backup of backups) await complete(backup);
  await endPart(run, { planned: 4 });
  await Promise.all(backups.map((backup) => tell([outcomeOf(backup)])));
  await tell([{ kind: 'run', runId: run.id }]);
  expect(await subjects()).toHaveLength(1);
});

test('one bad message of a batch does not block the other outcomes', async () => {
  const backup = await stored.completed({ trigger: 'manual' });
  const missing = { kind: 'backup', projectId: 'nobody', backupId: uuidv7(NIGHT) };
  const batch = ['no json', { kind: 'party' }, missing, outcomeOf(backup)];
  expect(await tell(batch)).toEqual(['m0', 'm1']);
  expect(await subjects()).toHaveLength(1);
});

test('an outcome that is delivered before the end of its backup is not mailed', async () => {
  const backup = await stored.pending({ trigger: 'manual' });
  expect(await tell([outcomeOf(backup)])).toEqual([]);
  expect(await subjects()).toEqual([]);
});
