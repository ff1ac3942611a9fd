import { setTimeout as sleep } from 'node:timers/promises';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeErasures, makeProjectRows } from '../../adapters/dynamodb/erasures.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeKeysClient, makeManifestSigner } from '../../adapters/kms/manifest-keys.ts';
import { makeLog } from '../../adapters/log.ts';
import { makeErasableVault } from '../../adapters/s3/erase.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeSchedulerClient, makeSchedules } from '../../adapters/scheduler/schedules.ts';
import { type EraseEvent, eraseEvent } from '../../core/erasure.ts';
import { lambdaHandler, parsed } from '../middleware.ts';
import { type EraseOutcome, eraseProject } from './erase-project.ts';
import type { ErasePorts } from './ports.ts';

const environment = readEnvironment([
  'environment',
  'historyTable',
  'vaultBucket',
  'keyTemplate',
  'manifestKeys',
  'apiSchedules',
]);
const log = makeLog('erase');
const access = { table: environment.historyTable, client: makeTableClient(), clock: Date.now };
const s3 = makeVaultClient();
const { vaultBucket: bucket } = environment;
const ports: ErasePorts = {
  erasures: makeErasures(access),
  rows: makeProjectRows(access),
  work: {
    backup: makeHistory(access),
    restore: makeRestores(access),
    verification: makeVerifications(access),
  },
  objects: makeErasableVault({ client: s3, bucket }),
  vault: makeVault({ client: s3, bucket }),
  schedules: makeSchedules({ settings: environment.apiSchedules, client: makeSchedulerClient() }),
  signer: makeManifestSigner({ keys: environment.manifestKeys, client: makeKeysClient() }),
  clock: Date.now,
  log,
};

/** Started by the API, and by sweep until the erasure has ended. */
export const handler = lambdaHandler(
  log,
  undefined,
  async (event: EraseEvent, context): Promise<{ readonly outcome: EraseOutcome }> => {
    const work = { remainingMs: () => context.getRemainingTimeInMillis(), sleep };
    const outcome = await eraseProject(ports, environment, event.projectId, work);
    log.info('erasing', { projectId: event.projectId, outcome });
    return { outcome };
  },
).use(parsed('The event of erase', eraseEvent));
