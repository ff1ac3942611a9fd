import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { type DiscoverEvent, type DiscoverResult, discoverEvent } from '../../core/messages.ts';
import { lambdaHandler, parsed } from '../middleware.ts';
import { discover } from './discover.ts';

const environment = readEnvironment(['historyTable', 'source']);
const log = makeLog('discover');
const ports = {
  log,
  source: makeProjectSource(accessOf(environment.source, import.meta.dirname)),
  registry: makeRegistry({
    table: environment.historyTable,
    client: makeTableClient(),
    clock: Date.now,
  }),
};

export const handler = lambdaHandler(
  log,
  undefined,
  (event: DiscoverEvent): Promise<DiscoverResult> => discover(ports, event),
).use(parsed('The event of discover', discoverEvent));
