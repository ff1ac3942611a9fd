import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Queues, queueArn, startQueues } from '../../local/emulators/queues.ts';
import type { Outcome } from '../../local/lambda/protocol.ts';
import { ACCOUNT, CREDENTIALS, REGION } from '../../local/region.ts';
import { type Poller, settledOf, startPoller } from '../../local/triggers/queue-poller.ts';

const messages: Message[] = ['a', 'b', 'c'].map((MessageId) => ({ MessageId }));
const ok = (payload: unknown): Outcome => ({ kind: 'ok', requestId: 'r', payload });
const failed: Outcome = {
  kind: 'failed',
  requestId: 'r',
  failure: { errorType: 'T', errorMessage: 'm' },
};

describe('the result of a batch', () => {
  const idsOf = (outcome: Outcome, reports = true) =>
    settledOf(messages, outcome, reports).map(({ MessageId }) => MessageId);

  it.each<[string, Outcome, string[]]>([
    ['no answer', ok(null), ['a', 'b', 'c']],
    ['an empty list', ok({ batchItemFailures: [] }), ['a', 'b', 'c']],
    ['one failure', ok({ batchItemFailures: [{ itemIdentifier: 'b' }] }), ['a', 'c']],
    ['an unknown message', ok({ batchItemFailures: [{ itemIdentifier: 'x' }] }), []],
    ['a failure without a name', ok({ batchItemFailures: [{}] }), []],
    ['a list that is none', ok({ batchItemFailures: 'b' }), []],
    ["the function's failure", failed, []],
    ['no instance to be had', { kind: 'throttled' }, []],
  ])('%s', (_name, outcome, settled) => {
    expect(idsOf(outcome)).toEqual(settled);
  });

  it('ignores a report that the mapping does not ask for', () => {
    expect(idsOf(ok({ batchItemFailures: [{ itemIdentifier: 'b' }] }), false)).toHaveLength(3);
  });
});

describe('the poller of a queue', () => {
  let folder: string;
  let queues: Queues;
  let client: SQSClient;
  const urlOf = (name: string) => `${queues.url}/${ACCOUNT}/${name}`;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'larder-queues-'));
    queues = await startQueues(folder);
    client = new SQSClient({ endpoint: queues.url, region: REGION, credentials: CREDENTIALS });
  });
  afterAll(async () => {
    client.destroy();
    await queues.close();
    await rm(folder, { recursive: true });
  });

  const send = (name: string, body: string, group?: string) =>
    client.send(
      new SendMessageCommand({
        QueueUrl: urlOf(name),
        MessageBody: body,
        ...(group ? { MessageGroupId: group, MessageDeduplicationId: body } : {}),
      }),
    );
  const poll = (
    name: string,
    concurrency: number,
    invoke: (bodies: string[], records: { messageId: string }[]) => Promise<Outcome>,
  ): Poller =>
    startPoller({
      client,
      queueUrl: urlOf(name),
      queueArn: queueArn(name),
      batchSize: 1,
      concurrency,
      reportsFailures: true,
      invoke: (event) => {
        const { Records } = event as { Records: { body: string; messageId: string }[] };
        return invoke(
          Records.map(({ body }) => body),
          Records,
        );
      },
      onError: () => undefined,
    });
  const until = async (true_: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 200 && !true_(); tries += 1) await wait(50);
    expect(true_()).toBe(true);
  };

  it('delivers a reported message again when its visibility timeout is over, and the others never', async () => {
    await queues.ensure('again', { VisibilityTimeout: '1' });
    const seen: string[] = [];
    const poller = poll('again', 1, async (bodies, records) => {
      seen.push(...bodies);
      const first = bodies[0] === 'bad' && seen.filter((body) => body === 'bad').length === 1;
      return ok({
        batchItemFailures: first ? records.map((one) => ({ itemIdentifier: one.messageId })) : [],
      });
    });
    await send('again', 'bad');
    await send('again', 'good');
    await until(() => seen.length === 3);
    await poller.stop();
    expect(seen.toSorted()).toEqual(['bad', 'bad', 'good']);
    const left = await client.send(new ReceiveMessageCommand({ QueueUrl: urlOf('again') }));
    expect(left.Messages ?? []).toEqual([]);
  });

  it('never has more batches in progress than the mapping allows, nor two of one group', async () => {
    await queues.ensure('groups.fifo', { FifoQueue: 'true', VisibilityTimeout: '60' });
    const running = new Map<string, number>();
    let most = 0;
    let mostOfGroup = 0;
    let done = 0;
    const poller = poll('groups.fifo', 2, async ([body = '']) => {
      const group = body.slice(0, 1);
      running.set(group, (running.get(group) ?? 0) + 1);
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b),
      );
      mostOfGroup = Math.max(mostOfGroup, running.get(group) ?? 0);
      await wait(100);
      running.set(group, (running.get(group) ?? 0) - 1);
      done += 1;
      return ok(null);
    });
    for (const body of ['a1', 'a2', 'b1', 'b2', 'c1', 'c2']) {
      await send('groups.fifo', body, body.slice(0, 1));
    }
    await until(() => done === 6);
    await poller.stop();
    expect([most, mostOfGroup]).toEqual([2, 1]);
  });

  it('finds what waited when an earlier start ended', async () => {
    await queues.ensure('kept', {});
    await send('kept', 'waiting');
    await queues.close();
    queues = await startQueues(folder);
    client.destroy();
    client = new SQSClient({ endpoint: queues.url, region: REGION, credentials: CREDENTIALS });
    await queues.ensure('kept', { VisibilityTimeout: '7' });
    const seen: string[] = [];
    const poller = poll('kept', 1, async (bodies) => {
      seen.push(...bodies);
      return ok(null);
    });
    await until(() => seen.length === 1);
    await poller.stop();
    expect(seen).toEqual(['waiting']);
  });
});
