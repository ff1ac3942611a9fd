import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeValidations } from '../../adapters/dynamodb/validations.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeDeadLetterQueue } from '../../adapters/sqs/dead-letters.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { readDeadLetterQueues } from '../../adapters/ssm/stored-settings.ts';
import { lambdaHandler, parsed } from '../middleware.ts';
import { makeHandle } from './handle.ts';
import type { DeadLetterPorts } from './ports.ts';
import { readQueues } from './read-queues.ts';

/** Milliseconds before the function's end at which it receives no more: a batch takes less. */
const RESERVE_MS = 20_000;

const environment = readEnvironment(['historyTable', 'outcomesQueue', 'deadLetters']);
const settings = await readDeadLetterQueues(environment.deadLetters);
const access = { table: environment.historyTable, client: makeTableClient(), clock: Date.now };
const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
const log = makeLog('bury');
const metrics = makeMetrics('bury');
const ports: DeadLetterPorts = {
  history: makeHistory(access),
  runs: makeRuns(access),
  restores: makeRestores(access),
  verifications: makeVerifications(access),
  validations: makeValidations(access),
  outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
  // Each source has dead-letter queues of its own.
  sources: [...new Set(settings.flatMap(({ source }) => source ?? []))],
  clock: Date.now,
  log,
};
const queues = settings.map((one) => ({
  ...one,
  queue: makeDeadLetterQueue({ url: one.queueUrl, client: sqs }),
}));
/** The schedule sends no content. */
const scheduled: z.ZodType<object> = z.strictObject({});

interface Counts {
  readonly handled: number;
  readonly again: number;
}

/**
 * Started by a schedule every few minutes: reads all dead-letter queues, and handles each letter by the kind of its queue. It accepts no
 * other event. During the upgrade from a version whose queues were event sources, Lambda may still deliver letters to it: a success would
 * delete them, so it fails, and they stay in their queues.
 */
export const handler = lambdaHandler(log, metrics, async (_: object, context): Promise<Counts> => {
  const { failures, ...counts } = await readQueues({
    queues,
    handle: makeHandle(ports, metrics),
    hasTime: () => context.getRemainingTimeInMillis() > RESERVE_MS,
    log,
  });
  if (counts.handled || counts.again) log.info('dead letters read', { ...counts });
  if (failures.length)
    throw new AggregateError(failures, `${failures.length} dead-letter queues could not be read`);
  return counts;
}).use(parsed('The event of bury', scheduled));
