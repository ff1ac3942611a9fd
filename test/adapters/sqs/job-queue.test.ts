import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { makeRestoreQueue, makeVerificationQueue } from '../../../adapters/sqs/job-queue.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { JobQueue } from '../../../core/job-ports.ts';
import type { RestoreMessage, VerificationMessage } from '../../../core/messages.ts';
import type { Queues } from '../../support/queues.ts';
import { queueForEach } from './queue-for-each.ts';

let queues: Queues;
let url: string;
let name: string;
queueForEach((made) => {
  ({ queues, url, name } = made);
});

const waiting = () => queues.server.inspectQueue(name)?.messages.ready ?? [];
const receive = async () =>
  (await queues.client.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages ?? [];

const suite = <M extends RestoreMessage | VerificationMessage>(
  open: (queueUrl: string) => JobQueue<M>,
  messageFor: (projectId: string) => M,
) => {
  test('takes requests of projects with the most hostile ids, and gives them back as they were', async () => {
    const messages = ['a\'b"c', 'line\nbreak', '🐘'.repeat(32), '../..', '\ufffe\u0000'].map(
      messageFor,
    );
    for (const message of messages) await open(url).send(message);
    const bodies: readonly unknown[] = messages;
    expect(queues.bodies(name)).toEqual(expect.arrayContaining([...bodies]));
    const groups = waiting().map(({ messageGroupId }) => messageGroupId);
    for (const group of groups) expect(group).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(groups).size).toBe(messages.length);
  });

  test('is sent a request twice without holding it twice, and once more when it is renewed', async () => {
    const message = messageFor('acme');
    await open(url).send(message);
    await open(url).send(message);
    expect(waiting()).toHaveLength(1);
    await open(url).send(message, '2026-11-21T02:00:00.000Z');
    await open(url).send(message, '2026-11-21T02:00:00.000Z');
    expect(waiting()).toHaveLength(2);
    await open(url).send(message, '2026-11-21T02:05:00.000Z');
    expect(waiting()).toHaveLength(3);
  });

  test("never has two of one project's worked on at once", async () => {
    await open(url).send(messageFor('acme'));
    await open(url).send(messageFor('acme'));
    await open(url).send(messageFor('globex'));
    const taken = [await receive(), await receive(), await receive()].flat();
    const projects = taken.map(({ Body }) => JSON.parse(String(Body)).projectId);
    expect(projects.sort()).toEqual(['acme', 'globex']);
    expect(await open(url).depth()).toBe(3);
  });

  test('hides a message of a receipt, and gives it back when told to hide it no longer', async () => {
    await open(url).send(messageFor('acme'));
    const receipt = String((await receive())[0]?.ReceiptHandle);
    await open(url).hide(receipt, 300);
    expect(await receive()).toHaveLength(0);
    await open(url).hide(receipt, 0);
    expect(await receive()).toHaveLength(1);
  });

  test('that does not exist is an error', async () => {
    await expect(open(`${url}-gone`).send(messageFor('acme'))).rejects.toThrow();
  });
};

describe('a queue of restores', () =>
  suite(
    (queueUrl) => makeRestoreQueue({ url: queueUrl, client: queues.client }),
    (projectId) => ({ projectId, restoreId: uuidv7(Date.now()) }),
  ));
describe('the queue of verifications', () =>
  suite(
    (queueUrl) => makeVerificationQueue({ url: queueUrl, client: queues.client }),
    (projectId) => ({ projectId, verificationId: uuidv7(Date.now()) }),
  ));
