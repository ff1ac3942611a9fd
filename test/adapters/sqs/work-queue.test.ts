import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import {
  makeExportQueue,
  makeRestoreQueue,
  makeVerificationQueue,
} from '../../../adapters/sqs/work-queue.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Queues } from '../../support/queues.ts';
import { queueForEach } from './queue-for-each.ts';

let queues: Queues;
let url: string;
let name: string;
queueForEach((made) => {
  ({ queues, url, name } = made);
});

const refsFor = (projects: readonly string[]) =>
  projects.map((projectId) => ({ projectId, id: uuidv7(0, projectId) }));
const waiting = () => queues.server.inspectQueue(name)?.messages.ready ?? [];

describe.each([
  ['exports', makeExportQueue, 'backupId'],
  ['restores', makeRestoreQueue, 'restoreId'],
  ['verifications', makeVerificationQueue, 'verificationId'],
] as const)('a queue of %s', (_, open, idName) => {
  const queue = () => open({ url, client: queues.client });
  const bodiesOf = (refs: ReturnType<typeof refsFor>) =>
    refs.map(({ projectId, id }) => ({ projectId, [idName]: id }));

  test('accepts any number of requests, ten in a call, and loses none', async () => {
    const refs = refsFor(Array.from({ length: 137 }, (_, index) => `project-${index}`));
    expect(await queue().send(refs)).toEqual([]);
    expect(queues.bodies(name)).toHaveLength(137);
    expect(queues.bodies(name)).toEqual(expect.arrayContaining(bodiesOf(refs)));
  });

  test('accepts requests of projects with the most hostile ids', async () => {
    const refs = refsFor([
      'a\'b"c',
      'line\nbreak',
      'PROJECT#x',
      '🐘'.repeat(32),
      '../..',
      '\ufffe\u0000',
    ]);
    expect(await queue().send(refs)).toEqual([]);
    expect(queues.bodies(name)).toEqual(expect.arrayContaining(bodiesOf(refs)));
    for (const { messageGroupId } of waiting()) expect(messageGroupId).toMatch(/^[0-9a-f]{64}$/);
  });

  test('keeps a request once if it is sent twice, and once more if it is renewed', async () => {
    const refs = refsFor(['acme']);
    await queue().send(refs);
    await queue().send(refs);
    expect(waiting()).toHaveLength(1);
    await queue().send(refs, 'renewed');
    await queue().send(refs, 'renewed');
    expect(waiting()).toHaveLength(2);
  });

  test('keeps two requests of one project in one group, so that they never run at once', async () => {
    await queue().send([
      { projectId: 'acme', id: uuidv7(1) },
      { projectId: 'acme', id: uuidv7(2) },
    ]);
    const receive = () =>
      queues.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1 }));
    expect((await receive()).Messages).toHaveLength(1);
    expect((await receive()).Messages ?? []).toHaveLength(0);
  });

  test('counts waiting messages and messages in progress', async () => {
    expect(await queue().depth()).toBe(0);
    await queue().send(refsFor(['one', 'two', 'three']));
    await queues.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1 }));
    expect(await queue().depth()).toBe(3);
  });

  test('hides a message by its receipt, and delivers it again when it is no longer hidden', async () => {
    await queue().send(refsFor(['acme']));
    const [message] =
      (await queues.client.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages ?? [];
    const receipt = String(message?.ReceiptHandle);
    await queue().hide(receipt, 300);
    expect(waiting()).toHaveLength(0);
    await queue().hide(receipt, 0);
    expect(
      (await queues.client.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages,
    ).toHaveLength(1);
  });

  test('that does not exist is an error, not a queue that accepted everything', async () => {
    const missing = open({ url: `${url}-gone`, client: queues.client });
    await expect(missing.send(refsFor(['acme']))).rejects.toThrow();
  });
});

describe('requests that SQS refuses one by one', () => {
  /** A client whose first calls, so many of them, refuse the first entry; the emulator never does that. */
  const refusing = (calls: number): SQSClient => {
    let left = calls;
    const client = queues.connect();
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        if (left <= 0 || !('Successful' in result.output)) return result;
        left -= 1;
        const successful = result.output.Successful as readonly object[];
        return { ...result, output: { ...result.output, Successful: successful.slice(1) } };
      },
      { step: 'initialize' },
    );
    return client;
  };

  test.each([
    { refusals: 2, unsent: [] },
    { refusals: 9, unsent: ['unlucky'] },
  ])('are sent again, and named after $refusals refusals', async ({ refusals, unsent }) => {
    const stubborn = makeExportQueue({ url, client: refusing(refusals) });
    const left = await stubborn.send(refsFor(['unlucky']));
    expect(left.map((message) => message.projectId)).toEqual(unsent);
  });
});

test('an outcome arrives as it was sent', async () => {
  const outcomes = queues.newQueue('outcomes');
  const message = { kind: 'run', runId: uuidv7(1) } as const;
  await makeOutcomes({ url: outcomes, client: queues.client }).send(message);
  expect(queues.bodies('outcomes')).toEqual([message]);
});
