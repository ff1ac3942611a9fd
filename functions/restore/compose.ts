import { SQSClient } from '@aws-sdk/client-sqs';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeRestores } from '../../adapters/dynamodb/jobs.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeKeysClient, makeManifestVerifier } from '../../adapters/kms/manifest-keys.ts';
import { readNaming } from '../../adapters/postgres/archive/entries-naming-live.ts';
import { readOwnCode } from '../../adapters/postgres/archive/own-code.ts';
import { makeArchiveReader } from '../../adapters/postgres/programs/archive-reader.ts';
import { makeRestoreServer } from '../../adapters/postgres/restore/restore-server.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeVaultReader } from '../../adapters/s3/read.ts';
import { makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeExportQueue, makeRestoreQueue } from '../../adapters/sqs/work-queue.ts';
import type { Log } from '../../core/ports.ts';
import type { RestoreOptions, RestorePorts } from './ports.ts';

const LOOK_EVERY_MS = 3000;

/** The restore function's parts, built once per process from its environment. The source's login is the restore role's. */
export const compose = (log: Log): { ports: RestorePorts; options: RestoreOptions } => {
  const environment = readEnvironment([
    'environment',
    'historyTable',
    'vaultBucket',
    'manifestKeys',
    'source',
    'restore',
    'exportDefaults',
    'retention',
    'exportsQueue',
    'restoresQueue',
    'outcomesQueue',
    'postgresRoot',
  ]);
  const clock = Date.now;
  const rows = { table: environment.historyTable, client: makeTableClient(), clock };
  const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
  return {
    ports: {
      restores: makeRestores(rows),
      history: makeHistory(rows),
      registry: makeRegistry(rows),
      vault: makeVaultReader({ bucket: environment.vaultBucket, client: makeVaultClient() }),
      manifestKeys: makeManifestVerifier({
        keys: environment.manifestKeys,
        client: makeKeysClient(),
      }),
      archives: makeArchiveReader(environment.postgresRoot.split(':')),
      readNaming,
      readOwnCode,
      server: makeRestoreServer({
        ...accessOf(environment.source, import.meta.dirname),
        stack: environment.historyTable,
      }),
      queue: makeRestoreQueue({ url: environment.restoresQueue, client: sqs }),
      exports: makeExportQueue({ url: environment.exportsQueue, client: sqs }),
      outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
      clock,
      log,
    },
    options: {
      settings: environment.restore,
      exportDefaults: environment.exportDefaults,
      retention: environment.retention,
      environment: environment.environment,
      lookEveryMs: LOOK_EVERY_MS,
    },
  };
};
