import { SQSClient } from '@aws-sdk/client-sqs';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeExportQueue } from '../../adapters/sqs/work-queue.ts';
import { type PlanEvent, planEvent } from '../../core/messages.ts';
import { lambdaHandler, parsed } from '../middleware.ts';
import { planRun } from './plan-run.ts';
import type { PlanOutcome, PlanPorts } from './ports.ts';

const log = makeLog('plan');
const environment = readEnvironment([
  'environment',
  'historyTable',
  'source',
  'exportsQueue',
  'outcomesQueue',
  'exportDefaults',
  'retention',
]);
const access = {
  table: environment.historyTable,
  client: makeTableClient(),
  clock: Date.now,
};
const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
const ports: PlanPorts = {
  source: makeProjectSource(accessOf(environment.source, import.meta.dirname)),
  registry: makeRegistry(access),
  history: makeHistory(access),
  runs: makeRuns(access),
  queue: makeExportQueue({ url: environment.exportsQueue, client: sqs }),
  outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
  clock: Date.now,
  log,
};

/** Its events come from EventBridge Scheduler, and from api and sweep. */
export const handler = lambdaHandler(
  log,
  undefined,
  (event: PlanEvent): Promise<PlanOutcome> => planRun(ports, environment, event),
).use(parsed('The event of plan', planEvent));
