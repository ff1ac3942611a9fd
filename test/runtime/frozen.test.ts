import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { TABLE } from '../../core/contract.ts';
import { exportMessage } from '../../core/messages.ts';
import type { Answer } from './runtime-api.ts';
import { openStage, type QueueRecord, type Service, type Stage } from './stage.ts';

/**
 * Lambda freezes a function's process between events, for milliseconds or for an hour. No work of an event may continue then. The next
 * event finds connections that the other side, or a NAT gateway between, has forgotten meanwhile.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});

const HOUR_MS = 3_600_000;
let round = 0;

const NOTHING = { resources: [], timers: [] };

/** Lets a function handle an event, checks that nothing of it is left, and freezes the function. */
const frozenAfter = async (role: string, event: unknown): Promise<Answer> => {
  const sandbox = stage.sandboxes.get(role);
  if (!sandbox) throw new Error(`there is no function ${role}`);
  const { answer, alive } = await sandbox.invoke(event, round * HOUR_MS);
  const children = sandbox.children();
  const sessions = await stage.sessions();
  sandbox.freeze();
  expect({ role, answer, alive, children, sessions }).toEqual({
    role,
    answer,
    alive: NOTHING,
    children: [],
    sessions: 0,
  });
  return answer;
};

/** A service without which an event of each function fails: in the middle of its work, if it has one. */
const NEEDED: Readonly<Record<string, Service>> = {
  discover: 'postgres',
  plan: 'sqs',
  export: 's3',
  verify: 's3',
  api: 'dynamodb',
  restore: 'postgres',
  notify: 'ses',
  sweep: 'dynamodb',
  bury: 'sqs',
  expire: 'dynamodb',
};

/** Thrown; a message that is received again; an answer that says so. */
const failure = z.union([
  z.object({ kind: z.literal('failed') }),
  z.object({ payload: z.object({ batchItemFailures: z.array(z.unknown()).min(1) }) }),
  z.object({ payload: z.object({ statusCode: z.int().min(500) }) }),
  z.object({ payload: z.object({ ok: z.literal(false) }) }),
]);

let failsFirst = false;

const handled = async (role: string, event: unknown): Promise<unknown> => {
  const needed = NEEDED[role];
  if (failsFirst && needed) {
    stage.refuse(needed, true);
    const answer = await frozenAfter(role, event);
    stage.refuse(needed, false);
    expect({ role, answer, fails: failure.safeParse(answer).success }).toMatchObject({
      fails: true,
    });
    round += 1;
  }
  const answer = await frozenAfter(role, event);
  expect({ role, answer }).toEqual({
    role,
    answer: { kind: 'ok', payload: expect.anything() },
  });
  return answer.kind === 'ok' ? answer.payload : undefined;
};

const consumed = async (role: string, Records: readonly QueueRecord[]): Promise<void> => {
  expect([role, Records.length]).not.toEqual([role, 0]);
  expect([role, await handled(role, { Records })]).toEqual([role, { batchItemFailures: [] }]);
};

const requested = async (
  method: 'GET' | 'POST',
  resource: string,
  parameters: Readonly<Record<string, string>> = {},
  body?: object,
) => {
  const path = resource.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? '');
  const answer = await handled('api', {
    httpMethod: method,
    resource,
    path,
    headers: {},
    pathParameters: Object.keys(parameters).length ? parameters : null,
    queryStringParameters: null,
    requestContext: { resourcePath: resource, path, stage: 'prod', identity: {} },
    body: body ? JSON.stringify(body) : null,
    isBase64Encoded: false,
  });
  const { statusCode, body: text } = z
    .object({ statusCode: z.int(), body: z.string() })
    .parse(answer);
  expect([resource, statusCode, text]).toEqual([resource, method === 'POST' ? 202 : 200, text]);
};

const removalOf = async ({ projectId, backupId }: z.output<typeof exportMessage>) => {
  const { Item } = await stage.dynamodb.send(
    new GetItemCommand({
      TableName: stage.table,
      Key: {
        [TABLE.pk]: { S: `${TABLE.projectPrefix}${projectId}` },
        [TABLE.sk]: { S: `${TABLE.backupPrefix}${backupId}` },
      },
    }),
  );
  return {
    eventName: 'REMOVE',
    userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    dynamodb: { SequenceNumber: '1', OldImage: Item },
  };
};

/** An event of each function, in the order in which one causes another. */
const everyFunction = async (): Promise<void> => {
  await handled('discover', {});
  await handled('plan', {
    schedule: 'nightly',
    scheduledAt: new Date(Date.now() + round * HOUR_MS).toISOString(),
    sources: ['main'],
  });
  const exports = await stage.take('plan', 'exportsQueue');
  const message = exportMessage.parse(JSON.parse(exports[0]?.body ?? ''));
  await consumed('export', exports);
  await consumed('verify', await stage.take('export', 'verificationsQueue'));
  await requested('GET', '/status');
  await requested('POST', '/projects/{projectId}/backups/{backupId}/restores', message, {
    schemaName: `acme_${round}`,
  });
  await consumed('restore', await stage.take('restore', 'restoresQueue'));
  await consumed('notify', await stage.take('export', 'outcomesQueue'));
  await handled('sweep', {});
  await stage.sendDeadLetter('exports', exports[0]?.body ?? '');
  expect(await handled('bury', {})).toEqual({ handled: 1, again: 0 });
  expect(await handled('expire', { Records: [await removalOf(message)] })).toEqual({
    batchItemFailures: [],
  });
};

describe('functions of the stack under AWS’s runtime interface client', () => {
  it('leave nothing running after an event', everyFunction);

  it.each(['forget', 'stall', 'drop', 'reset'] as const)(
    'handle the next event an hour later, when the network did %s their connections meanwhile',
    async (cut) => {
      stage.cut(cut);
      round += 1;
      await everyFunction();
    },
  );

  it('handle the same event an hour after they failed at it and were frozen', async () => {
    round += 1;
    failsFirst = true;
    await everyFunction();
  });
});
