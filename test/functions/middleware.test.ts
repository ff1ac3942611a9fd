import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LambdaLog, makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { uuidv7 } from '../../core/ids.ts';
import { BACKUPS, RESTORES, VERIFICATIONS } from '../../core/leased-work/kinds.ts';
import { discoverEvent } from '../../core/messages.ts';
import { handleMessages, workerHandler } from '../../functions/batch.ts';
import { lambdaHandler, parsed } from '../../functions/middleware.ts';
import { sqsRecord } from '../support/sqs-record.ts';

/** What wraps every handler: the log lines and metrics of one invocation. */
const context: Partial<Context> = {
  awsRequestId: 'request-1',
  functionName: 'Larder-Export-1',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:1:function:Larder-Export-1',
  memoryLimitInMB: '512',
  getRemainingTimeInMillis: () => 900_000,
};
const CONTEXT = context as Context;

let written: string[];
beforeEach(() => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'Larder-Export-1');
  written = [];
  const keep = (chunk: unknown): boolean => written.push(String(chunk)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
const lines = (): readonly Record<string, unknown>[] =>
  written.flatMap((chunk) => chunk.split('\n').filter(Boolean)).map((line) => JSON.parse(line));

describe('a handler', () => {
  test('has the request id in each line of its log, and publishes its metrics, however it ended', async () => {
    const log = makeLog('export');
    const metrics = makeMetrics('export');
    const handler = lambdaHandler(log, metrics, async (fails: boolean) => {
      log.info('it begins', { backupId: 'x' });
      metrics.addMetric('ExportRetried', MetricUnit.Count, 1);
      if (fails) throw new Error('no');
    });
    await handler(false, CONTEXT);
    await expect(handler(true, CONTEXT)).rejects.toThrow('no');
    const [first, counted, ...more] = lines();
    expect(first).toMatchObject({
      message: 'it begins',
      backupId: 'x',
      service: 'export',
      function_name: 'Larder-Export-1',
      function_request_id: 'request-1',
    });
    expect(counted).toMatchObject({
      ExportRetried: 1,
      service: 'export',
      function: 'Larder-Export-1',
    });
    expect(more.map(({ message, ExportRetried }) => message ?? ExportRetried)).toEqual([
      'it begins',
      1,
    ]);
  });

  test('that counted nothing writes no metrics', async () => {
    await lambdaHandler(makeLog('api'), makeMetrics('api'), async () => 1)({}, CONTEXT);
    expect(written).toEqual([]);
  });

  test('gets its event as the schema parses it, and fails by name for an invalid one', async () => {
    const handler = lambdaHandler(
      makeLog('discover'),
      undefined,
      async (event: { projectId?: string | undefined }) => event,
    ).use(parsed('The event of discover', discoverEvent));
    expect(await handler({ projectId: 'acme' }, CONTEXT)).toEqual({ projectId: 'acme' });
    const wrong: object = { project: 'acme' };
    await expect(handler(wrong, CONTEXT)).rejects.toThrow(InvalidInput);
  });
});

describe('a batch', () => {
  test('in which every record fails does not fail its invocation, and each is delivered again', async () => {
    const Records = ['a', 'b'].map((messageId) => sqsRecord({}, { messageId }));
    const handle = () => Promise.reject(new Error('no'));
    expect(await handleMessages({ Records }, handle)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }],
    });
  });

  test('is handled one record after the other, and only the failed one is delivered again', async () => {
    const seen: string[] = [];
    const Records = ['a', 'b', 'c'].map((messageId) => sqsRecord({}, { messageId }));
    const answer = await handleMessages({ Records }, async ({ messageId }) => {
      seen.push(`${messageId} begins`);
      await Promise.resolve();
      seen.push(`${messageId} ends`);
      if (messageId === 'b') throw new Error('no');
    });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'b' }] });
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((id) => [`${id} begins`, `${id} ends`]));
  });
});

describe.each([BACKUPS, RESTORES, VERIFICATIONS])('a worker of $task', (kind) => {
  const id = uuidv7(1);
  const message = { projectId: 'acme', [kind.idName]: id };
  const deliver = (log: LambdaLog, work: () => Promise<{ message: 'done' }>, body: unknown) => {
    const event: SQSEvent = { Records: [sqsRecord(body, { messageId: 'm' })] };
    const measured: unknown[] = [];
    const handler = workerHandler({
      kind: { ...kind, findingsOf: () => ({}) },
      log,
      metrics: makeMetrics('test'),
      work,
      measure: (disposition) => void measured.push(disposition.message),
    });
    return handler(event, CONTEXT).then((answer) => ({ ...answer, measured }));
  };
  const again = { batchItemFailures: [{ itemIdentifier: 'm' }] };

  test('has the project and the id in each line of its log, and in none after it', async () => {
    const log = makeLog('test');
    const work = async () => {
      log.info('adapter speaks');
      return { message: 'done' as const };
    };
    expect(await deliver(log, work, message)).toEqual({
      batchItemFailures: [],
      measured: ['done'],
    });
    log.info('after it');
    const [within, after] = lines();
    expect(within).toMatchObject({ ...message, function_request_id: 'request-1' });
    expect(after).not.toHaveProperty('projectId');
  });

  test('keeps a message that is to be delivered again, and one whose handling failed', async () => {
    const log = makeLog('test');
    const rejects = () => Promise.reject(new Error('no'));
    expect(await deliver(log, rejects, message)).toEqual({ ...again, measured: [] });
    expect(lines()).toMatchObject([{ message: 'a message could not be handled', messageId: 'm' }]);
  });

  test('deletes an unreadable message', async () => {
    const never = () => Promise.reject(new Error('it was read'));
    expect(await deliver(makeLog('test'), never, { projectId: 'acme' })).toEqual({
      batchItemFailures: [],
      measured: [],
    });
  });
});
