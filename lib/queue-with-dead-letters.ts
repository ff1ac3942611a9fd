import { Duration } from 'aws-cdk-lib';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { LarderFunction } from './lambda-function.ts';

/** The properties of all Larder's queues: encrypted, TLS only, the longest retention that SQS allows. */
const COMMON = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
} as const satisfies QueueProps;

/** A FIFO queue whose message groups do not block each other. */
const FIFO = {
  fifo: true,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const satisfies QueueProps;

/**
 * For how long a dead letter that `bury` has received is hidden: longer than `bury` may run, so an invocation does not receive a letter twice
 * that it could not handle.
 */
const BURY_VISIBILITY = Duration.seconds(360);

export interface QueueWithDeadLettersProps {
  readonly fifo: boolean;
  readonly visibilitySeconds: number;
  readonly maxReceiveCount: number;
}

/** A queue and its dead-letter queue. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: QueueWithDeadLettersProps) {
    super(scope, id);
    const kind = props.fifo ? FIFO : {};
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...COMMON,
      ...kind,
      visibilityTimeout: BURY_VISIBILITY,
    });
    this.queue = new Queue(this, 'Queue', {
      ...COMMON,
      ...kind,
      visibilityTimeout: Duration.seconds(props.visibilitySeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
  }
}

/** A dead-letter queue for EventBridge Scheduler or Lambda, without a main queue. */
export const makeDeadLetters = (scope: Construct, id: string, of: string): Queue => {
  const queue = new Queue(scope, id, { ...COMMON, visibilityTimeout: BURY_VISIBILITY });
  acknowledge(
    queue,
    'SQS3',
    `It is itself the dead-letter queue of ${of}, which the rule can't see.`,
  );
  return queue;
};

/** Lets Lambda deliver a queue's messages to a function, with only the permissions that the event source mapping needs. */
export const consume = (
  reader: LarderFunction,
  id: string,
  queue: Queue,
  options: { readonly batchSize: number; readonly maxConcurrency?: number | undefined },
): void => {
  reader.allow(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    [queue.queueArn],
  );
  reader.lambda.addEventSourceMapping(id, {
    eventSourceArn: queue.queueArn,
    batchSize: options.batchSize,
    reportBatchItemFailures: true,
    ...(options.maxConcurrency && { maxConcurrency: options.maxConcurrency }),
  });
};
