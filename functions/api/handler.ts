import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeErasures } from '../../adapters/dynamodb/erasures.ts';
import { makeFirings } from '../../adapters/dynamodb/firings.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeQueuePositions } from '../../adapters/dynamodb/queue-positions.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { makeRetentionPolicies } from '../../adapters/dynamodb/retention-policies.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { makeVaultRounds } from '../../adapters/dynamodb/vault-rounds.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeKeysClient, makeManifestVerifier } from '../../adapters/kms/manifest-keys.ts';
import { makeEraser } from '../../adapters/lambda/eraser.ts';
import { makeInvokeClient, makeSourceFunctions } from '../../adapters/lambda/source-functions.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeMetrics } from '../../adapters/metrics.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeSchedulerClient, makeSchedules } from '../../adapters/scheduler/schedules.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import {
  makeExportQueue,
  makeRestoreQueue,
  makeVerificationQueue,
} from '../../adapters/sqs/work-queue.ts';
import { readRoutes } from '../../adapters/ssm/stored-settings.ts';
import { METRICS } from '../../core/contract.ts';
import { lambdaHandler } from '../middleware.ts';
import { serve } from './dispatch.ts';
import type { Api } from './ports.ts';
import { problemDetails } from './problem-details.ts';

const {
  historyTable,
  vaultBucket: bucket,
  manifestKeys,
  outcomesQueue,
  verificationsQueue,
  routes: routeParameters,
  apiSchedules,
  eraseFunction,
  ...settings
} = readEnvironment([
  'environment',
  'historyTable',
  'vaultBucket',
  'manifestKeys',
  'outcomesQueue',
  'exportDefaults',
  'retention',
  'verification',
  'verificationsQueue',
  'routes',
  'apiSchedules',
  'eraseFunction',
]);
const routes = await readRoutes(routeParameters);
const access = {
  table: historyTable,
  client: makeTableClient(),
  clock: Date.now,
};
const log = makeLog('api');
const metrics = makeMetrics('api');
const sqs = new SQSClient({ requestHandler: makeRequestHandler() });

const api: Api = {
  settings: {
    ...settings,
    bucket,
    retentionBySource: new Map(
      routes.flatMap(({ source, retention }) => (retention ? [[source, retention] as const] : [])),
    ),
    restoreFrom: new Map(routes.map(({ source, restoreFrom }) => [source, restoreFrom])),
    sources: routes.map((route) => route.source),
    // API Gateway times out after 29 s; the rest is for the history.
    lookUpMs: 20_000,
  },
  ports: {
    history: makeHistory(access),
    runs: makeRuns(access),
    registry: makeRegistry(access),
    restores: makeRestores(access),
    verifications: makeVerifications(access),
    retentionPolicies: makeRetentionPolicies(access),
    rounds: makeVaultRounds(access),
    erasures: makeErasures(access),
    eraser: makeEraser({ name: eraseFunction, client: makeInvokeClient() }),
    schedules: makeSchedules({ settings: apiSchedules, client: makeSchedulerClient() }),
    firings: makeFirings(access),
    positions: makeQueuePositions(access),
    vault: makeVault({ bucket, client: makeVaultClient() }),
    manifestKeys: makeManifestVerifier({ keys: manifestKeys, client: makeKeysClient() }),
    functions: makeSourceFunctions({ routes, client: makeInvokeClient() }),
    queues: new Map(
      routes.map(({ source, exportsQueue }) => [
        source,
        makeExportQueue({ url: exportsQueue, client: sqs }),
      ]),
    ),
    restoreQueues: new Map(
      routes.flatMap(({ source, restoresQueue: url }) =>
        url ? [[source, makeRestoreQueue({ url, client: sqs })] as const] : [],
      ),
    ),
    verificationQueue: makeVerificationQueue({ url: verificationsQueue, client: sqs }),
    outcomes: makeOutcomes({ url: outcomesQueue, client: sqs }),
    countUnresolved: () => metrics.addMetric(METRICS.projectsNotResolved, MetricUnit.Count, 1),
    clock: Date.now,
    log,
  },
};

export const handler = lambdaHandler(log, metrics, serve(api)).use(problemDetails(api.ports));
