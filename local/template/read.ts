import type { Document } from './document.ts';
import { readFunctions } from './functions.ts';
import { checkTypes } from './known.ts';
import { readMappings } from './mappings.ts';
import type { LocalModel } from './model.ts';
import type { Reading } from './properties.ts';
import { type Addresses, makeResolver } from './resolve.ts';
import { readGatewayResponses, readRoutes } from './routes.ts';
import { readScheduleGroups, readSchedules } from './schedules.ts';
import { readBuckets, readMacKeys, readParameters, readQueues, readTables } from './stores.ts';

/**
 * Reads the whole template in the form that the local stack runs.
 * @throws NotEmulated for a part that it can't run
 */
export const readModel = (document: Document, addresses: Addresses): LocalModel => {
  checkTypes(document);
  const reading: Reading = { document, resolve: makeResolver(document, addresses) };
  const mappings = readMappings(reading);
  return {
    stackName: document.stackName,
    functions: readFunctions(reading),
    queues: readQueues(reading),
    tables: readTables(reading),
    buckets: readBuckets(reading),
    macKeys: readMacKeys(reading),
    parameters: readParameters(reading),
    queueMappings: mappings.queues,
    streamMappings: mappings.streams,
    schedules: readSchedules(reading),
    scheduleGroups: readScheduleGroups(reading),
    routes: readRoutes(reading),
    gatewayResponses: readGatewayResponses(reading),
  };
};
