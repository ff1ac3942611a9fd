import middy from '@middy/core';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { type DiscoverResult, discoverEvent, parse } from '../../core/messages.ts';
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

export const handler = middy(
  async (event: unknown): Promise<DiscoverResult> =>
    await discover(ports, parse('The event of discover', discoverEvent, event)),
);
