import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { waited } from '../lambda/asynchronous.ts';
import type { Outcome } from '../lambda/protocol.ts';
import { REGION } from '../region.ts';

/**
 * Lambda's poller of one queue, with the function's role. If the function succeeds, the batch is deleted; with ReportBatchItemFailures, except for
 * the messages that it names. In all other cases (a failure of the function, a killed instance, a malformed answer) the messages stay in the queue
 * and are delivered again after their visibility timeout.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export interface PollerOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
  /** Batches handled at once. */
  readonly concurrency: number;
  readonly reportsFailures: boolean;
  readonly invoke: (event: unknown) => Promise<Outcome>;
  readonly onError: (problem: string) => void;
}

export interface Poller {
  /** Stops receiving, and waits for running batches. */
  stop(): Promise<void>;
}

const WAIT_SECONDS = 20;
const AFTER_ERROR_MS = 1_000;

const recordOf = (message: Message, queueArn: string): object => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
      name,
      { stringValue: value.StringValue, dataType: value.DataType },
    ]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: REGION,
});

/**
 * The messages that are done. An answer without a list means all; an invalid list, or one that names an unknown
 * message, makes the whole batch fail.
 */
export const settledOf = (
  messages: readonly Message[],
  outcome: Outcome,
  reportsFailures: boolean,
): readonly Message[] => {
  if (outcome.kind !== 'ok') return [];
  const answer = outcome.payload;
  if (!reportsFailures || answer === null || answer === undefined) return messages;
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return messages;
  if (!Array.isArray(failures)) return [];
  const failed = new Set(
    failures.map((one) => (one as { itemIdentifier?: unknown }).itemIdentifier),
  );
  const ids = new Set<unknown>(messages.map(({ MessageId }) => MessageId));
  if ([...failed].some((id) => !ids.has(id))) return [];
  return messages.filter(({ MessageId }) => !failed.has(MessageId));
};

export const startPoller = (options: PollerOptions): Poller => {
  const { client, queueUrl: QueueUrl } = options;
  const stopped = new AbortController();

  /** Lambda reads the queue's attributes before it polls it. */
  const look = async (): Promise<void> => {
    await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }), {
      abortSignal: stopped.signal,
    });
  };

  const receive = async (): Promise<readonly Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(10, options.batchSize),
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await client.send(command, { abortSignal: stopped.signal });
    return Messages;
  };

  const work = async (messages: readonly Message[]): Promise<void> => {
    const Records = messages.map((message) => recordOf(message, options.queueArn));
    const outcome = await options.invoke({ Records });
    const done = settledOf(messages, outcome, options.reportsFailures);
    if (done.length === 0) return;
    const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  };

  const inWork = new Set<Promise<void>>();
  let reported = '';
  /** An unchanged message is reported once. */
  const report = (error: unknown): void => {
    const { message } = error as Error;
    if (!stopped.signal.aborted && message !== reported)
      options.onError(`${options.queueArn}: ${message}`);
    reported = message;
  };
  const begin = (messages: readonly Message[]): void => {
    const batch: Promise<void> = work(messages)
      .catch(report)
      .finally(() => inWork.delete(batch));
    inWork.add(batch);
  };
  const loop = async (): Promise<void> => {
    let looked = false;
    while (!stopped.signal.aborted) {
      if (inWork.size >= options.concurrency) {
        await Promise.race(inWork);
        continue;
      }
      try {
        if (!looked) await look();
        looked = true;
        const messages = await receive();
        if (messages.length > 0) begin(messages);
      } catch (error) {
        report(error);
        await waited(AFTER_ERROR_MS, stopped.signal);
      }
    }
    await Promise.all(inWork);
  };

  const running = loop();
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};
