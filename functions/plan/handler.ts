import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeExportQueue } from '../../adapters/sqs/work-queue.ts';
import { parse, planEvent } from '../../core/messages.ts';
import { planRun } from './plan-run.ts';
import type { PlanOutcome, PlanPorts } from './ports.ts';

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
const sqs = new SQSClient({});
const ports: PlanPorts = {
  source: makeProjectSource(accessOf(environment.source, import.meta.dirname)),
  registry: makeRegistry(access),
  history: makeHistory(access),
  runs: makeRuns(access),
  queue: makeExportQueue({ url: environment.exportsQueue, client: sqs }),
  outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
  clock: Date.now,
  log: makeLog('plan'),
};

/** Its events come from EventBridge Scheduler, and from api and sweep. */
export const handler = middy(
  async (event: unknown): Promise<PlanOutcome> =>
    await planRun(ports, environment, parse('The event of plan', planEvent, event)),
);
