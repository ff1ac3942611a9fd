import type { Context, SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { iso } from '../../../core/backup.ts';
import { ENV } from '../../../core/contract.ts';
import { runIdOf, uuidv7 } from '../../../core/ids.ts';
import type { DeadLetterSettings } from '../../../core/settings.ts';
import type { Listening } from '../../../local/emulators/loopback.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';
import { NIGHT, newHistory, pendingBackup } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { sqsRecord } from '../../support/sqs-record.ts';
import { startTables, type Tables } from '../../support/tables.ts';

const DEAD_LETTERS: DeadLetterSettings = [
  { queueArn: 'arn:exports-main', kind: 'exports', source: 'main' },
  { queueArn: 'arn:plan-main', kind: 'plan', source: 'main' },
  { queueArn: 'arn:runs', kind: 'runs' },
  { queueArn: 'arn:outcomes', kind: 'outcomes' },
  { queueArn: 'arn:expire', kind: 'expire' },
  { queueArn: 'arn:restores-main', kind: 'restores', source: 'main' },
  { queueArn: 'arn:verifications', kind: 'verifications' },
];

let tables: Tables;
let queues: Queues;
let parameters: Listening;
let it: Awaited<ReturnType<typeof newHistory>>;
let handler: typeof import('../../../functions/dead-letters/handler.ts')['handler'];
let outcomes = 0;
let outcomesUrl: string;

beforeAll(async () => {
  tables = await startTables();
  queues = await startQueues();
  parameters = await startParameters(new Map([['dead-letters', JSON.stringify(DEAD_LETTERS)]]));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await parameters.close();
  await queues.stop();
  await tables.stop();
});

const load = async (): Promise<void> => {
  vi.resetModules();
  ({ handler } = await import('../../../functions/dead-letters/handler.ts'));
};

beforeEach(async () => {
  it = await newHistory(tables);
  outcomes += 1;
  outcomesUrl = queues.newQueue(`outcomes-${outcomes}`);
  const variables = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    [ENV.historyTable]: it.access.table,
    [ENV.outcomesQueue]: outcomesUrl,
    [ENV.deadLetters]: 'dead-letters',
    AWS_ENDPOINT_URL_SSM: parameters.url,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  await load();
});

let letters = 0;
const letter = (
  eventSourceARN: string,
  body: unknown,
  attributes: Record<string, string> = {},
): SQSRecord => {
  letters += 1;
  return sqsRecord(body, {
    messageId: `letter-${letters}`,
    eventSourceARN,
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [
        name,
        { stringValue, dataType: 'String' as const },
      ]),
    ),
  });
};
const bury = (...Records: SQSRecord[]) => handler({ Records }, {} as Context);
const told = () => queues.bodies(`outcomes-${outcomes}`);

describe('a dead-lettered export request', () => {
  test('fails the backup that waits for it, and reports that to its run', async () => {
    const runId = uuidv7(NIGHT);
    const { projectId, id: backupId } = await it.pending({ projectId: 'a "b"\n🐘', runId });
    const answer = await bury(letter('arn:exports-main', { projectId, backupId }));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await it.history.get(projectId, backupId)).toMatchObject({
      status: 'failed',
      error: { name: 'MessageBuried' },
    });
    expect(told()).toEqual([{ kind: 'backup', projectId, backupId, runId }]);
  });

  test('changes nothing for a backup that a worker holds or that has ended', async () => {
    // The handler uses the machine's clock: a lease taken at a future time is running.
    const ahead = await newHistory(tables, Date.now() + 60_000);
    vi.stubEnv(ENV.historyTable, ahead.access.table);
    await load();
    const running = await ahead.pending();
    await ahead.claimed(running);
    const done = await ahead.completed();
    const rows = [await ahead.row(running), await ahead.row(done)];
    await bury(
      ...[running, done].map(({ projectId, id }) =>
        letter('arn:exports-main', { projectId, backupId: id }),
      ),
    );
    expect([await ahead.row(running), await ahead.row(done)]).toEqual(rows);
    expect(told()).toEqual([]);
  });

  test('creates no backup if there is none', async () => {
    const { projectId, id: backupId } = pendingBackup();
    await bury(letter('arn:exports-main', { projectId, backupId }));
    expect(await it.row({ projectId, id: backupId })).toBeUndefined();
    expect(told()).toEqual([]);
  });
});

test('a dead-lettered outcome leaves its backup unchanged, to be reported again', async () => {
  const backup = await it.completed();
  const row = await it.row(backup);
  const outcome = { kind: 'backup', projectId: backup.projectId, backupId: backup.id };
  expect(await bury(letter('arn:outcomes', outcome))).toEqual({ batchItemFailures: [] });
  expect(await it.row(backup)).toEqual(row);
  expect(await it.openIds('unnotified')).toEqual([backup.id]);
});

test('a given-up record of expire is logged', async () => {
  const record = { requestContext: {}, DDBStreamBatchInfo: { shardId: 'x' } };
  expect(await bury(letter('arn:expire', record))).toEqual({ batchItemFailures: [] });
});

describe('an event of a schedule that started no run', () => {
  const event = { schedule: 'nightly', scheduledAt: iso(NIGHT), sources: ['main', 'second'] };
  const runId = runIdOf('nightly', iso(NIGHT));
  const record = { requestContext: { condition: 'RetriesExhausted' }, requestPayload: event };

  test.each([
    ['as Scheduler sends it', event],
    ['as Lambda sends it', record],
  ])('starts the run late, %s, and sweep plans it', async (_, body) => {
    expect(await bury(letter('arn:runs', body))).toEqual({ batchItemFailures: [] });
    expect(await it.runs.get(runId)).toMatchObject({ sources: ['main', 'second'], parts: {} });
    expect(told()).toEqual([]);
  });

  test('of a schedule for all sources is begun for those of the configuration', async () => {
    const { sources: _, ...ofAll } = event;
    await bury(letter('arn:runs', { ...ofAll, schedule: 'all/nightly' }));
    const id = runIdOf('all/nightly', event.scheduledAt);
    expect(await it.runs.get(id)).toMatchObject({ sources: ['main'] });
  });

  test('changes nothing for a run that has started', async () => {
    await bury(letter('arn:plan-main', event));
    const begun = await it.runs.get(runId);
    await bury(letter('arn:runs', event));
    expect(await it.runs.get(runId)).toEqual(begun);
  });
});

describe('planning that was given up', () => {
  const event = {
    schedule: 'nightly',
    scheduledAt: iso(NIGHT),
    sources: ['main', 'second'],
    projects: ['acme'],
    retentionClass: 'weekly',
  };
  const runId = runIdOf('nightly', iso(NIGHT));
  const recordOf = (responsePayload: unknown, requestPayload: unknown = event) => ({
    version: '1.0',
    timestamp: iso(NIGHT),
    requestContext: {
      requestId: 'x',
      functionArn: 'arn:plan',
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload,
  });

  test('ends its part of the run and is mailed, with the text of our own errors', async () => {
    const error = { name: 'SourceUnreachable', message: 'Source "main" can\'t be reached.' };
    const payload = { errorType: error.name, errorMessage: error.message, trace: [] };
    await bury(letter('arn:plan-main', recordOf(payload)));
    const run = await it.runs.get(runId);
    expect(run).toMatchObject({ projects: ['acme'], retentionClass: 'weekly' });
    expect(run?.parts).toEqual({
      main: expect.objectContaining({ planned: 0, skippedCount: 0, error }),
    });
    expect(told()).toEqual([{ kind: 'plan-failed', runId, source: 'main', error }]);
  });

  test.each([
    { errorType: 'DatabaseError', errorMessage: 'password "hunter2" is wrong' },
    { errorType: 'describeError', errorMessage: 'hunter2' },
    { errorType: 'Sandbox.Timedout', errorMessage: 'hunter2' },
    null,
  ])('repeats no text of a foreign error: %j', async (payload) => {
    await bury(letter('arn:plan-main', recordOf(payload)));
    const error = (await it.runs.get(runId))?.parts.main?.error;
    expect(error?.name).toBe('PlanningGivenUp');
    expect(error?.message).toContain('"main"');
    expect(error?.message).not.toContain('hunter2');
  });

  test('is handled the same if the schedule could not even start it', async () => {
    const code = 'AWS.Scheduler.InternalServerError';
    await bury(letter('arn:plan-main', event, { ERROR_CODE: code }));
    expect((await it.runs.get(runId))?.parts.main?.error?.message).toContain(code);
  });

  test('delivered twice is handled once, and both deliveries succeed', async () => {
    const dead = letter('arn:plan-main', recordOf(null));
    await bury(dead);
    const run = await it.runs.get(runId);
    expect(await bury(dead)).toEqual({ batchItemFailures: [] });
    expect(await it.runs.get(runId)).toEqual(run);
  });

  test('is ignored if another delivery has planned it successfully', async () => {
    await bury(letter('arn:plan-main', recordOf(null, { ...event, schedule: 'other' })));
    const part = { planned: 3, skipped: [], skippedCount: 0, plannedAt: iso(NIGHT) };
    await it.runs.endPart(runId, 'main', part);
    const before = told().length;
    expect(await bury(letter('arn:plan-main', event))).toEqual({ batchItemFailures: [] });
    expect((await it.runs.get(runId))?.parts.main).toEqual(part);
    expect(told()).toHaveLength(before);
  });
});

describe('unreadable dead letters', () => {
  test.each([
    ['arn:exports-main', 'no json'],
    ['arn:exports-main', { projectId: 'acme' }],
    ['arn:exports-main', { projectId: 'acme', backupId: '../x' }],
    ['arn:plan-main', { schedule: 'nightly' }],
    ['arn:runs', { schedule: 'nightly' }],
    ['arn:plan-main', { schedule: 'n', scheduledAt: iso(NIGHT), sources: ['second'] }],
    ['arn:outcomes', { kind: 'surprise' }],
    ['arn:unknown', {}],
  ])('are logged and not kept: %s %j', async (queue, body) => {
    expect(await bury(letter(queue, body))).toEqual({ batchItemFailures: [] });
    expect(told()).toEqual([]);
  });

  test('do not block the other letters of their batch', async () => {
    const { projectId, id: backupId } = await it.pending();
    await bury(
      letter('arn:exports-main', 'no json'),
      letter('arn:exports-main', { projectId, backupId }),
    );
    expect((await it.history.get(projectId, backupId))?.status).toBe('failed');
  });
});

test('only the letter whose handling fails is delivered again', async () => {
  const [one, two] = [await it.pending(), await it.pending()];
  vi.stubEnv(ENV.outcomesQueue, `${outcomesUrl}-gone`);
  await load();
  const failing = letter('arn:exports-main', { projectId: one.projectId, backupId: one.id });
  const fine = letter('arn:expire', {});
  expect(await bury(failing, fine)).toEqual({
    batchItemFailures: [{ itemIdentifier: failing.messageId }],
  });
  // Its row was failed before: sweep reports what this letter can no longer report.
  expect(await it.openIds('unnotified')).toEqual([one.id]);
  expect(await it.openIds('pending')).toEqual([two.id]);
});

describe('a dead-lettered restore', () => {
  test('fails its row, and is reported', async () => {
    const { restores } = jobRows(it.access);
    const row = restoreRow(NIGHT);
    await restores.create(row);
    const body = { projectId: row.projectId, restoreId: row.id };
    expect(await bury(letter('arn:restores-main', body))).toEqual({ batchItemFailures: [] });
    expect(await restores.get(row.projectId, row.id)).toMatchObject({
      status: 'failed',
      error: { name: 'JobMessageBuried' },
    });
    expect(told()).toEqual([{ kind: 'restore', ...body }]);
  });

  test('that a worker holds is left to that worker', async () => {
    // The handler uses the machine's clock: a lease taken at a future time is running.
    const ahead = await newHistory(tables, Date.now() + 60_000);
    vi.stubEnv(ENV.historyTable, ahead.access.table);
    await load();
    const { restores } = jobRows(ahead.access);
    const row = restoreRow(ahead.access.clock());
    await restores.create(row);
    await restores.claim(row.projectId, row.id);
    const body = { projectId: row.projectId, restoreId: row.id };
    expect(await bury(letter('arn:restores-main', body))).toEqual({ batchItemFailures: [] });
    expect((await restores.get(row.projectId, row.id))?.status).toBe('in-progress');
    expect(told()).toEqual([]);
  });
});

describe('a dead-lettered verification', () => {
  test('could not run: its backup shows that, and is never shown as verified', async () => {
    const { verifications } = jobRows(it.access);
    const backup = await it.completed();
    const row = verificationRow(NIGHT, { backupId: backup.id });
    await verifications.create(row);
    const body = { projectId: row.projectId, verificationId: row.id };
    const dead = letter('arn:verifications', body);
    expect(await bury(dead)).toEqual({ batchItemFailures: [] });
    expect(await bury(dead)).toEqual({ batchItemFailures: [] });
    expect(await verifications.get(row.projectId, row.id)).toMatchObject({
      status: 'failed',
      result: { verdict: 'could-not-run' },
    });
    expect(await it.history.get(backup.projectId, backup.id)).toMatchObject({
      status: 'completed',
      validation: 'could-not-run',
      verificationId: row.id,
    });
  });
});
