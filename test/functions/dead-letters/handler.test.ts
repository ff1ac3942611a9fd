import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeMetrics } from '../../../adapters/metrics.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import { iso } from '../../../core/backup.ts';
import { ENV } from '../../../core/contract.ts';
import { runIdOf, uuidv7 } from '../../../core/ids.ts';
import type { ReceivedLetter } from '../../../core/queue-ports.ts';
import type { DeadLetterKind, DeadLetterSettings } from '../../../core/settings.ts';
import { makeHandle } from '../../../functions/dead-letters/handle.ts';
import type { Listening } from '../../../local/emulators/loopback.ts';
import { startParameters } from '../../../local/emulators/parameters.ts';
import { NIGHT, newHistory, pendingBackup, silent } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { type Queues, startQueues } from '../../support/queues.ts';
import { sqsRecord } from '../../support/sqs-record.ts';
import { startTables, type Tables } from '../../support/tables.ts';

const OF_A_SOURCE: readonly DeadLetterKind[] = ['exports', 'plan', 'restores'];

let tables: Tables;
let queues: Queues;
let it: Awaited<ReturnType<typeof newHistory>>;
let outcomes = 0;
let outcomesUrl: string;

beforeAll(async () => {
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
  tables = await startTables();
  queues = await startQueues();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await queues.stop();
  await tables.stop();
});
beforeEach(async () => {
  it = await newHistory(tables);
  outcomes += 1;
  outcomesUrl = queues.newQueue(`outcomes-${outcomes}`);
});

interface Dead extends ReceivedLetter {
  readonly kind: DeadLetterKind;
}
let letters = 0;
const letter = (
  kind: DeadLetterKind,
  body: unknown,
  attributes: Record<string, string> = {},
): Dead => {
  letters += 1;
  return {
    kind,
    messageId: `letter-${letters}`,
    receiptHandle: `receipt-${letters}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes,
  };
};
const settingOf = (kind: DeadLetterKind, queueUrl: string): DeadLetterSettings[number] => ({
  kind,
  queueUrl,
  ...(OF_A_SOURCE.includes(kind) && { source: 'main' }),
});

/** Handles letters one by one; answers for each whether it was handled. */
const bury = async (...dead: readonly Dead[]): Promise<boolean[]> => {
  const handle = makeHandle(
    {
      history: it.history,
      runs: it.runs,
      ...jobRows(it.access),
      outcomes: makeOutcomes({ url: outcomesUrl, client: queues.client }),
      sources: ['main'],
      clock: it.access.clock,
      log: silent,
    },
    makeMetrics('bury'),
  );
  const handled: boolean[] = [];
  for (const one of dead)
    handled.push(await handle(one, settingOf(one.kind, `https://sqs.example.com/${one.kind}`)));
  return handled;
};
const told = () => queues.bodies(`outcomes-${outcomes}`);

describe('a dead-lettered export request', () => {
  test('fails the backup that waits for it, and reports that to its run', async () => {
    const runId = uuidv7(NIGHT);
    const { projectId, id: backupId } = await it.pending({ projectId: 'a "b"\n🐘', runId });
    const answer = await bury(letter('exports', { projectId, backupId }));
    expect(answer).toEqual([true]);
    expect(await it.history.get(projectId, backupId)).toMatchObject({
      status: 'failed',
      error: { name: 'MessageBuried' },
    });
    expect(told()).toEqual([{ kind: 'backup', projectId, backupId, runId }]);
  });

  test('changes nothing for a backup that a worker holds or that has ended', async () => {
    const running = await it.pending();
    await it.claimed(running);
    const done = await it.completed();
    const rows = [await it.row(running), await it.row(done)];
    await bury(
      ...[running, done].map(({ projectId, id }) => letter('exports', { projectId, backupId: id })),
    );
    expect([await it.row(running), await it.row(done)]).toEqual(rows);
    expect(told()).toEqual([]);
  });

  test('creates no backup if there is none', async () => {
    const { projectId, id: backupId } = pendingBackup();
    await bury(letter('exports', { projectId, backupId }));
    expect(await it.row({ projectId, id: backupId })).toBeUndefined();
    expect(told()).toEqual([]);
  });
});

test('a dead-lettered outcome leaves its backup unchanged, to be reported again', async () => {
  const backup = await it.completed();
  const row = await it.row(backup);
  const outcome = { kind: 'backup', projectId: backup.projectId, backupId: backup.id };
  expect(await bury(letter('outcomes', outcome))).toEqual([true]);
  expect(await it.row(backup)).toEqual(row);
  expect(await it.openIds('unnotified')).toEqual([backup.id]);
});

test('a given-up record of expire is logged', async () => {
  const record = { requestContext: {}, DDBStreamBatchInfo: { shardId: 'x' } };
  expect(await bury(letter('expire', record))).toEqual([true]);
});

describe('an event of a schedule that started no run', () => {
  const event = { schedule: 'nightly', scheduledAt: iso(NIGHT), sources: ['main', 'second'] };
  const runId = runIdOf('nightly', iso(NIGHT));
  const record = { requestContext: { condition: 'RetriesExhausted' }, requestPayload: event };

  test.each([
    ['as Scheduler sends it', event],
    ['as Lambda sends it', record],
  ])('starts the run late, %s, and sweep plans it', async (_, body) => {
    expect(await bury(letter('runs', body))).toEqual([true]);
    expect(await it.runs.get(runId)).toMatchObject({ sources: ['main', 'second'], parts: {} });
    expect(told()).toEqual([]);
  });

  test('of a schedule for all sources is begun for those of the configuration', async () => {
    const { sources: _, ...ofAll } = event;
    await bury(letter('runs', { ...ofAll, schedule: 'all/nightly' }));
    const id = runIdOf('all/nightly', event.scheduledAt);
    expect(await it.runs.get(id)).toMatchObject({ sources: ['main'] });
  });

  test('changes nothing for a run that has started', async () => {
    await bury(letter('plan', event));
    const begun = await it.runs.get(runId);
    await bury(letter('runs', event));
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
    await bury(letter('plan', recordOf(payload)));
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
    await bury(letter('plan', recordOf(payload)));
    const error = (await it.runs.get(runId))?.parts.main?.error;
    expect(error?.name).toBe('PlanningGivenUp');
    expect(error?.message).toContain('"main"');
    expect(error?.message).not.toContain('hunter2');
  });

  test('is handled the same if the schedule could not even start it', async () => {
    const code = 'AWS.Scheduler.InternalServerError';
    await bury(letter('plan', event, { ERROR_CODE: code }));
    expect((await it.runs.get(runId))?.parts.main?.error?.message).toContain(code);
  });

  test('delivered twice is handled once, and both deliveries succeed', async () => {
    const dead = letter('plan', recordOf(null));
    await bury(dead);
    const run = await it.runs.get(runId);
    expect(await bury(dead)).toEqual([true]);
    expect(await it.runs.get(runId)).toEqual(run);
  });

  test('is ignored if another delivery has planned it successfully', async () => {
    await bury(letter('plan', recordOf(null, { ...event, schedule: 'other' })));
    const part = { planned: 3, skipped: [], skippedCount: 0, plannedAt: iso(NIGHT) };
    await it.runs.endPart(runId, 'main', part);
    const before = told().length;
    expect(await bury(letter('plan', event))).toEqual([true]);
    expect((await it.runs.get(runId))?.parts.main).toEqual(part);
    expect(told()).toHaveLength(before);
  });
});

describe('unreadable dead letters', () => {
  test.each<[DeadLetterKind, unknown]>([
    ['exports', 'no json'],
    ['exports', { projectId: 'acme' }],
    ['exports', { projectId: 'acme', backupId: '../x' }],
    ['plan', { schedule: 'nightly' }],
    ['runs', { schedule: 'nightly' }],
    ['plan', { schedule: 'n', scheduledAt: iso(NIGHT), sources: ['second'] }],
    ['outcomes', { kind: 'surprise' }],
  ])('are logged and not kept: %s %j', async (queue, body) => {
    expect(await bury(letter(queue, body))).toEqual([true]);
    expect(told()).toEqual([]);
  });
});

describe('a dead-lettered restore', () => {
  test('fails its row, and is reported', async () => {
    const { restores } = jobRows(it.access);
    const row = restoreRow(NIGHT);
    await restores.create(row);
    const body = { projectId: row.projectId, restoreId: row.id };
    expect(await bury(letter('restores', body))).toEqual([true]);
    expect(await restores.get(row.projectId, row.id)).toMatchObject({
      status: 'failed',
      error: { name: 'JobMessageBuried' },
    });
    expect(told()).toEqual([{ kind: 'restore', ...body }]);
  });

  test('that a worker holds is left to that worker', async () => {
    const { restores } = jobRows(it.access);
    const row = restoreRow(NIGHT);
    await restores.create(row);
    await restores.claim(row.projectId, row.id);
    const body = { projectId: row.projectId, restoreId: row.id };
    expect(await bury(letter('restores', body))).toEqual([true]);
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
    const dead = letter('verifications', body);
    expect(await bury(dead)).toEqual([true]);
    expect(await bury(dead)).toEqual([true]);
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

describe('the function', () => {
  const MINUTE = 60_000;
  const KINDS: readonly DeadLetterKind[] = [...OF_A_SOURCE, 'runs', 'outcomes', 'expire'];
  const parameters = new Map<string, string>();
  let server: Listening;
  let urls: Map<DeadLetterKind, string>;
  beforeAll(async () => {
    server = await startParameters(parameters);
  });
  afterAll(() => server.close());
  beforeEach(() => {
    // A letter that could not be handled stays hidden for longer than the function runs, as in the template.
    const name = (kind: string) => `dead-${kind}-${outcomes}${kind === 'exports' ? '.fifo' : ''}`;
    urls = new Map(
      KINDS.map((kind) => [kind, queues.newQueue(name(kind), { VisibilityTimeout: '360' })]),
    );
    parameters.set(
      'dead-letters',
      JSON.stringify([...urls].map(([kind, url]) => settingOf(kind, url))),
    );
    const variables = {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_ENDPOINT_URL_SQS: queues.endpoint,
      AWS_ENDPOINT_URL_SSM: server.url,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      [ENV.historyTable]: it.access.table,
      [ENV.outcomesQueue]: outcomesUrl,
      [ENV.deadLetters]: 'dead-letters',
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  });

  const send = async ({ kind, body, attributes }: Dead): Promise<void> => {
    letters += 1;
    const isFifo = kind === 'exports';
    await queues.client.send(
      new SendMessageCommand({
        QueueUrl: urls.get(kind),
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, StringValue]) => [
            name,
            { DataType: 'String', StringValue },
          ]),
        ),
        ...(isFifo && { MessageGroupId: `${letters}`, MessageDeduplicationId: `${letters}` }),
      }),
    );
  };
  const left = (): unknown[] =>
    [...urls.values()].flatMap((url) => queues.bodies(url.split('/').at(-1) ?? ''));
  const run = async (event: object = {}, remainingMs = 4 * MINUTE) => {
    vi.resetModules();
    const { handler } = await import('../../../functions/dead-letters/handler.ts');
    // The middleware passes only the parts of the context that the handler uses.
    const context: Partial<Context> = { getRemainingTimeInMillis: () => remainingMs };
    return handler(event, context as Context);
  };

  test('empties all queues, whatever they hold, and handles each letter by its queue', async () => {
    const backups = await Promise.all(Array.from({ length: 23 }, () => it.pending()));
    for (const { projectId, id: backupId } of backups)
      await send(letter('exports', { projectId, backupId }));
    const event = { schedule: 'nightly', scheduledAt: iso(NIGHT), sources: ['main'] };
    await send(letter('plan', event, { ERROR_CODE: 'AWS.Scheduler.Throttled' }));
    await send(letter('exports', '"unreadable"'));
    await send(letter('expire', '{}'));
    expect(await run()).toEqual({ handled: 26, again: 0 });
    expect(left()).toEqual([]);
    expect(await it.openIds('unnotified')).toHaveLength(23);
    const { error } = (await it.runs.get(runIdOf('nightly', iso(NIGHT))))?.parts.main ?? {};
    expect(error?.message).toContain('AWS.Scheduler.Throttled');
    expect(await run()).toEqual({ handled: 0, again: 0 });
  });

  test('leaves a letter whose handling fails in its queue, and only that one', async () => {
    const [one, two] = [await it.pending(), await it.pending()];
    vi.stubEnv(ENV.outcomesQueue, `${outcomesUrl}-gone`);
    const failing = { projectId: one.projectId, backupId: one.id };
    await send(letter('exports', failing));
    await send(letter('expire', '{}'));
    expect(await run()).toEqual({ handled: 1, again: 1 });
    expect(left()).toEqual([failing]);
    // Its row was failed before: sweep reports what this letter can no longer report.
    expect(await it.openIds('unnotified')).toEqual([one.id]);
    expect(await it.openIds('pending')).toEqual([two.id]);
  });

  test('fails if a queue can’t be read, after it has read the others', async () => {
    queues.dropQueue(`dead-exports-${outcomes}.fifo`);
    urls.delete('exports');
    await send(letter('expire', '{}'));
    await expect(run()).rejects.toThrow('1 dead-letter queues could not be read');
    expect(left()).toEqual([]);
  });

  test('receives nothing that it has no time to handle', async () => {
    await send(letter('expire', '{}'));
    expect(await run({}, 20_000)).toEqual({ handled: 0, again: 0 });
    expect(left()).toEqual([{}]);
  });

  test('refuses letters that Lambda delivers to it, as long as it reads the queue for the version before: a success would delete them', async () => {
    await expect(run({ Records: [sqsRecord({})] })).rejects.toThrow('The event of bury');
  });
});
