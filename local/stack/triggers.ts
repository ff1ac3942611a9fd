import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NotEmulated } from '../template/document.ts';
import type { LocalModel, LocalSchedule, QueueMapping } from '../template/model.ts';
import { type Expiry, type StreamRecord, startExpiry } from '../triggers/expiry.ts';
import { type Poller, startPoller } from '../triggers/queue-poller.ts';
import { startScheduler } from '../triggers/scheduler.ts';
import { checkFilters, makeStreamConsumer } from '../triggers/stream.ts';
import { type Functions, sendTo, urlOfQueue } from './functions.ts';
import type { Sessions } from './sessions.ts';

/** The triggers of functions besides the API: queues, schedules, expired rows. */
export interface Triggers {
  fireSchedule(name: string, at: Date): Promise<void>;
  putSchedule(schedule: LocalSchedule): void;
  removeSchedule(id: string): void;
  expireNow(): Promise<void>;
  stop(): Promise<void>;
}

export interface TriggersOptions {
  readonly model: LocalModel;
  readonly functions: Functions;
  readonly sessions: Sessions;
  readonly dynamodb: DynamoDBClient;
  readonly queuesUrl: string;
  readonly streamFolder: string;
  readonly clock: () => number;
  readonly onProblem: (problem: string) => void;
}

/** Batches handled at once if the mapping sets no limit. */
const USUAL_CONCURRENCY = 5;
/** DynamoDB may take days to remove a row after its time has passed. */
const EXPIRY_EVERY_MS = 60_000;

export const startTriggers = (options: TriggersOptions): Triggers => {
  const { model, functions, sessions, queuesUrl, onProblem } = options;
  const pollers = model.queueMappings.map((mapping) => pollerOf(options, mapping));
  const stopped = new AbortController();
  const expiries = expiriesOf(options, stopped.signal);
  const scheduler = startScheduler({
    schedules: model.schedules,
    invoke: ({ id, functionName }, event) => {
      const resource = functions.settings(functionName).arn;
      sessions.access.checkAs(id, [{ action: 'lambda:InvokeFunction', resource }]);
      functions.send(functionName, event);
    },
    bury: (arn, body, { id }) => sendTo(sessions.sqsAs(id), queuesUrl, arn, body),
    onError: onProblem,
  });
  return {
    fireSchedule: async (name, at) => {
      const wanted = scheduler.all().filter((schedule) => scheduleNameOf(schedule) === name);
      if (wanted.length === 0) throw new Error(`There is no schedule ${name}`);
      await Promise.all(wanted.map((schedule) => scheduler.fire(schedule, at)));
    },
    putSchedule: scheduler.put,
    removeSchedule: scheduler.remove,
    expireNow: async () => {
      for (const expiry of expiries) await expiry.sweep();
    },
    stop: async () => {
      scheduler.stop();
      stopped.abort();
      await Promise.all([...pollers, ...expiries].map((one) => one.stop()));
    },
  };
};

/** A schedule of the configuration is one schedule of AWS; its input names it. */
const scheduleNameOf = ({ input, name }: LocalSchedule): string => {
  const { schedule } = JSON.parse(input) as { schedule?: string };
  return schedule ?? name;
};

const pollerOf = (options: TriggersOptions, mapping: QueueMapping): Poller => {
  const { functions, sessions, queuesUrl, onProblem } = options;
  if (mapping.filters.length > 0) {
    throw new NotEmulated(mapping.id, 'messages of a queue are not filtered here');
  }
  const reserved = functions.settings(mapping.functionName).reservedConcurrency;
  return startPoller({
    client: sessions.sqsAs(mapping.functionName),
    queueUrl: urlOfQueue(queuesUrl, mapping.queueArn),
    queueArn: mapping.queueArn,
    batchSize: mapping.batchSize,
    concurrency: Math.min(
      mapping.maximumConcurrency ?? USUAL_CONCURRENCY,
      reserved ?? Number.POSITIVE_INFINITY,
    ),
    reportsFailures: mapping.reportsFailures,
    invoke: (event) => functions.invoke(mapping.functionName, event),
    onError: onProblem,
  });
};

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html */
const readingOf = (streamArn: string) => [
  { action: 'dynamodb:ListStreams', resource: '*' },
  ...['DescribeStream', 'GetShardIterator', 'GetRecords'].map((operation) => ({
    action: `dynamodb:${operation}`,
    resource: streamArn,
  })),
];

const expiriesOf = (options: TriggersOptions, signal: AbortSignal): Expiry[] => {
  const { model, functions, sessions, queuesUrl } = options;
  const consumers = model.streamMappings.map((mapping) => {
    checkFilters(mapping);
    const consume = makeStreamConsumer({
      mapping,
      functionArn: functions.settings(mapping.functionName).arn,
      invoke: (event) => functions.invoke(mapping.functionName, event),
      onFailure: (arn, body) => sendTo(sessions.sqsAs(mapping.functionName), queuesUrl, arn, body),
      signal,
    });
    /** Lambda reads the stream with the function's role. */
    const read = async (records: readonly StreamRecord[]): Promise<void> => {
      sessions.access.checkAs(mapping.functionName, readingOf(mapping.streamArn));
      await consume(records);
    };
    return { streamArn: mapping.streamArn, consume: read };
  });
  return model.tables
    .filter(({ ttlAttribute }) => ttlAttribute !== undefined)
    .map((table) =>
      startExpiry({
        client: options.dynamodb,
        table,
        folder: options.streamFolder,
        deliver: async (records) => {
          for (const { streamArn, consume } of consumers) {
            if (streamArn === table.streamArn) await consume(records);
          }
        },
        everyMs: EXPIRY_EVERY_MS,
        clock: options.clock,
        onError: options.onProblem,
      }),
    );
};
