import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeErasures } from '../../adapters/dynamodb/erasures.ts';
import { makeFirings } from '../../adapters/dynamodb/firings.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeValidations } from '../../adapters/dynamodb/validations.ts';
import { makeVaultRounds } from '../../adapters/dynamodb/vault-rounds.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeEraser } from '../../adapters/lambda/eraser.ts';
import { makeInvokeClient, makeSourceFunctions } from '../../adapters/lambda/source-functions.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import {
  makeExportQueue,
  makeRestoreQueue,
  makeVerificationQueue,
} from '../../adapters/sqs/work-queue.ts';
import { readRoutes } from '../../adapters/ssm/stored-settings.ts';
import { METRICS } from '../../core/contract.ts';
import { lambdaHandler } from '../middleware.ts';
import type { Counts, SweepPorts } from './step.ts';
import { sweep } from './sweep.ts';

const environment = readEnvironment([
  'historyTable',
  'vaultBucket',
  'keyTemplate',
  'outcomesQueue',
  'verificationsQueue',
  'routes',
  'schedules',
  'eraseFunction',
]);
const routes = await readRoutes(environment.routes);
const access = { table: environment.historyTable, client: makeTableClient(), clock: Date.now };
const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
const { schedules, keyTemplate } = environment;
const log = makeLog('sweep');
const metrics = makeMetrics('sweep');
const ports: SweepPorts = {
  history: makeHistory(access),
  runs: makeRuns(access),
  schedules,
  firings: makeFirings(access),
  rounds: makeVaultRounds(access),
  vault: makeVault({ bucket: environment.vaultBucket, client: makeVaultClient() }),
  outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
  functions: makeSourceFunctions({ routes, client: makeInvokeClient() }),
  queues: new Map(
    routes.map(({ source, exportsQueue }) => [
      source,
      makeExportQueue({ url: exportsQueue, client: sqs }),
    ]),
  ),
  restores: makeRestores(access),
  restoreQueues: new Map(
    routes.flatMap(({ source, restoresQueue: url }) =>
      url === undefined ? [] : [[source, makeRestoreQueue({ url, client: sqs })] as const],
    ),
  ),
  verifications: makeVerifications(access),
  verificationQueue: makeVerificationQueue({
    url: environment.verificationsQueue,
    client: sqs,
  }),
  validations: makeValidations(access),
  erasures: makeErasures(access),
  eraser: makeEraser({ name: environment.eraseFunction, client: makeInvokeClient() }),
  keyTemplate,
  clock: Date.now,
  log,
};

/** Objects under keys of an earlier template cause no alarm; the log of each sweep has their number. */
const measure = ({
  runsMissing = 0,
  strays = 0,
  unknownObjects: _,
  erasuresStarted: _started,
  ...repairs
}: Counts): void => {
  const repaired = Object.values(repairs).reduce((sum, count) => sum + count, 0);
  metrics.addMetric(METRICS.sweepRepaired, MetricUnit.Count, repaired);
  metrics.addMetric(METRICS.runsMissing, MetricUnit.Count, runsMissing);
  metrics.addMetric(METRICS.vaultStrays, MetricUnit.Count, strays);
};

/** Started by a schedule every five minutes; the event has no content. */
export const handler = lambdaHandler(log, metrics, async (_: unknown, context): Promise<Counts> => {
  const { counts, failures } = await sweep(ports, () => context.getRemainingTimeInMillis());
  measure(counts);
  log.info('swept', { ...counts, failures: failures.length });
  if (failures.length) {
    const steps = [...new Set(failures.map(({ step }) => step))].join(', ');
    throw new AggregateError(
      failures.map(({ error }) => error),
      `${failures.length} parts of the sweep failed, in: ${steps}`,
    );
  }
  return counts;
});
