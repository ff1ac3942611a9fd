import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { makeExportQueue } from '../../../adapters/sqs/export-queue.ts';
import { makeOutcomes } from '../../../adapters/sqs/outcomes.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Queues } from '../../support/queues.ts';
import { queueForEach } from './queue-for-each.ts';

let queues: Queues;
let url: string;
let name: string;
queueForEach((made) => {
  ({ queues, url, name } = made);
});

const queue = () => makeExportQueue({ url, client: queues.client });
const messagesFor = (projects: readonly string[]) =>
  projects.map((projectId) => ({ projectId, backupId: uuidv7(0, projectId) }));
const waiting = () => queues.server.inspectQueue(name)?.messages.ready ?? [];

describe('the exports queue', () => {
  test('takes any number of requests, ten in a call, and loses none', async () => {
    const messages = messagesFor(Array.from({ length: 137 }, (_, index) => `project-${index}`));
    expect(await queue().send(messages)).toEqual([]);
    const sent = queues.bodies(name) as typeof messages;
    expect(sent.map((message) => message.projectId).sort()).toEqual(
      messages.map((message) => message.projectId).sort(),
    );
  });

  test('takes requests of projects with the most hostile ids', async () => {
    const messages = messagesFor([
      'a\'b"c',
      'line\nbreak',
      'PROJECT#x',
      '🐘'.repeat(32),
      '../..',
      '\ufffe\u0000',
    ]);
    expect(await queue().send(messages)).toEqual([]);
    expect(queues.bodies(name)).toEqual(expect.arrayContaining(messages));
    for (const { messageGroupId } of waiting()) expect(messageGroupId).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is sent a request twice without holding it twice, and once more when it is renewed', async () => {
    const messages = messagesFor(['acme']);
    await queue().send(messages);
    await queue().send(messages);
    expect(waiting()).toHaveLength(1);
    await queue().send(messages, 'renewed');
    expect(waiting()).toHaveLength(2);
  });

  test('keeps two requests of one project in one group, so that they never run at once', async () => {
    await queue().send([
      { projectId: 'acme', backupId: uuidv7(1) },
      { projectId: 'acme', backupId: uuidv7(2) },
    ]);
    const receive = () =>
      queues.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1 }));
    expect((await receive()).Messages).toHaveLength(1);
    expect((await receive()).Messages ?? []).toHaveLength(0);
  });

  test('counts what waits and what is being worked on', async () => {
    expect(await queue().depth()).toBe(0);
    await queue().send(messagesFor(['one', 'two', 'three']));
    await queues.client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1 }));
    expect(await queue().depth()).toBe(3);
  });

  test('hides a message of a receipt, and gives it back when told to hide it no longer', async () => {
    await queue().send(messagesFor(['acme']));
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

  test('that does not exist is an error, not a queue that took everything', async () => {
    const missing = makeExportQueue({ url: `${url}-gone`, client: queues.client });
    await expect(missing.send(messagesFor(['acme']))).rejects.toThrow();
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
  ])('are sent again, and named where $refusals refusals go on', async ({ refusals, unsent }) => {
    const stubborn = makeExportQueue({ url, client: refusing(refusals) });
    const left = await stubborn.send(messagesFor(['unlucky']));
    expect(left.map((message) => message.projectId)).toEqual(unsent);
  });
});

test('an outcome arrives as it was sent', async () => {
  const outcomes = queues.newQueue('outcomes');
  const message = { kind: 'run', runId: uuidv7(1) } as const;
  await makeOutcomes({ url: outcomes, client: queues.client }).send(message);
  expect(queues.bodies('outcomes')).toEqual([message]);
});
