import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeRuns } from '../../adapters/dynamodb/runs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeInvokeClient, makeSourceFunctions } from '../../adapters/lambda/source-functions.ts';
import { makeLog } from '../../adapters/log.ts';
import { readRoutes } from '../../adapters/ssm/stored-settings.ts';
import { type BeginPorts, beginRun } from '../../core/begin-run.ts';
import { type FiringEvent, firingEvent } from '../../core/messages.ts';
import { runOf } from '../../core/run.ts';
import { lambdaHandler, parsed } from '../middleware.ts';

const environment = readEnvironment(['historyTable', 'routes']);
const routes = await readRoutes(environment.routes);
const log = makeLog('start-runs');
const ports: BeginPorts = {
  runs: makeRuns({
    table: environment.historyTable,
    client: makeTableClient(),
    clock: Date.now,
  }),
  functions: makeSourceFunctions({ routes, client: makeInvokeClient() }),
  clock: Date.now,
  log,
};

/** Its events come from EventBridge Scheduler, one for each firing of a schedule. */
export const handler = lambdaHandler(
  log,
  undefined,
  async (event: FiringEvent): Promise<{ readonly runId: string }> => {
    const { sources = routes.map(({ source }) => source) } = event;
    const run = await beginRun(ports, runOf({ ...event, sources }, ports.clock()));
    log.info('run started', { runId: run.id, schedule: run.schedule, sources: run.sources });
    return { runId: run.id };
  },
).use(parsed('The event of start-runs', firingEvent));
