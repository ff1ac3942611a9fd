import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeValidations } from '../../adapters/dynamodb/validations.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { readDeadLetterQueues } from '../../adapters/ssm/stored-settings.ts';
import { METRICS } from '../../core/contract.ts';
import { failureFacts } from '../../core/errors/base.ts';
import { InvalidInput } from '../../core/errors/request.ts';
import { handleMessages } from '../batch.ts';
import { lambdaHandler } from '../middleware.ts';
import { handleDeadLetter } from './handle-dead-letter.ts';
import type { DeadLetter, DeadLetterPorts } from './ports.ts';

const environment = readEnvironment(['historyTable', 'outcomesQueue', 'deadLetters']);
const queues = await readDeadLetterQueues(environment.deadLetters);
const access = { table: environment.historyTable, client: makeTableClient(), clock: Date.now };
const log = makeLog('bury');
const metrics = makeMetrics('bury');
const ports: DeadLetterPorts = {
  history: makeHistory(access),
  runs: makeRuns(access),
  restores: makeRestores(access),
  verifications: makeVerifications(access),
  validations: makeValidations(access),
  outcomes: makeOutcomes({
    url: environment.outcomesQueue,
    client: new SQSClient({ requestHandler: makeRequestHandler() }),
  }),
  // Each source has dead-letter queues of its own.
  sources: [...new Set(queues.flatMap(({ source }) => source ?? []))],
  clock: Date.now,
  log,
};

/** @throws InvalidInput for a queue that is not in the configuration */
const letterOf = (record: SQSRecord): DeadLetter => {
  const queue = queues.find(({ queueArn }) => queueArn === record.eventSourceARN);
  if (!queue) {
    throw new InvalidInput('The dead letter', [
      `comes from ${record.eventSourceARN}, unknown here`,
    ]);
  }
  const attributes = Object.entries(record.messageAttributes).flatMap(([name, { stringValue }]) =>
    stringValue === undefined ? [] : [[name, stringValue] as const],
  );
  return {
    kind: queue.kind,
    ...(queue.source !== undefined && { source: queue.source }),
    body: record.body,
    attributes: Object.fromEntries(attributes),
  };
};

/** Rejects if the letter must be delivered again. */
const handle = async (record: SQSRecord): Promise<void> => {
  try {
    await handleDeadLetter(ports, letterOf(record));
    metrics.addMetric(METRICS.messagesBuried, MetricUnit.Count, 1);
  } catch (error) {
    const unreadable = error instanceof InvalidInput;
    log.error(unreadable ? 'a dead letter is not readable' : 'a dead letter could not be handled', {
      queue: record.eventSourceARN,
      messageId: record.messageId,
      bytes: Buffer.byteLength(record.body),
      ...failureFacts(error),
    });
    // A dead-letter queue has none of its own: an unreadable letter would be delivered again until it is too old.
    if (!unreadable) throw error;
    metrics.addMetric(METRICS.recordsUnreadable, MetricUnit.Count, 1);
  }
};

/** Handles letters of all dead-letter queues, each by the kind of its queue. */
export const handler = lambdaHandler(log, metrics, (event: SQSEvent) =>
  handleMessages(event, handle),
);
