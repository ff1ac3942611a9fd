import { SQSClient } from '@aws-sdk/client-sqs';
import { makeCompressor } from '../../adapters/compression/compressor.ts';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeKeysClient, makeManifestSigner } from '../../adapters/kms/manifest-keys.ts';
import { dumpVersionFor } from '../../adapters/postgres/programs/pg-dump.ts';
import { makeProjectSource } from '../../adapters/postgres/projects/project-source.ts';
import { accessOf } from '../../adapters/postgres/session/source-access.ts';
import { makeSnapshotSource } from '../../adapters/postgres/snapshot/snapshot.ts';
import type { KeepOptions } from '../../adapters/postgres/templates/keep-templates.ts';
import { makeTemplateMemory } from '../../adapters/postgres/templates/template-memory.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeTemplateStore } from '../../adapters/s3/template-store.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeExportQueue, makeVerificationQueue } from '../../adapters/sqs/work-queue.ts';
import { TEMPLATES } from '../../core/contract.ts';
import type { Log } from '../../core/ports.ts';
import { VERSION } from '../../core/version.ts';
import type { ExportOptions, ExportPorts } from './ports.ts';

/**
 * The export function's parts, built once per process from its environment.
 * @param onDifference called where a kept template was wrong
 */
export const compose = (
  log: Log,
  onDifference: () => void,
): { ports: ExportPorts; options: ExportOptions } => {
  const environment = readEnvironment([
    'environment',
    'historyTable',
    'vaultBucket',
    'source',
    'exportDefaults',
    'keyTemplate',
    'manifestKeys',
    'exportsQueue',
    'outcomesQueue',
    'verification',
    'verificationsQueue',
    'postgresRoot',
  ]);
  const { source } = environment;
  const programRoots = environment.postgresRoot.split(':');
  const access = accessOf(source, import.meta.dirname);
  const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
  const signer = makeManifestSigner({ keys: environment.manifestKeys, client: makeKeysClient() });
  const clock = Date.now;
  const vault = { bucket: environment.vaultBucket, client: makeVaultClient(), signer };
  const keeping: KeepOptions = {
    store: makeTemplateStore({ ...vault, source: source.name, clock, log }),
    memory: makeTemplateMemory(TEMPLATES.mostBytesInMemory),
    dumpVersion: (server) => dumpVersionFor({ programRoots }, server),
    clock,
    log,
    onDifference,
  };
  const rows = { table: environment.historyTable, client: makeTableClient(), clock };
  return {
    ports: {
      history: makeHistory(rows),
      vault: makeVault(vault),
      manifestKey: signer,
      projects: makeProjectSource(access),
      snapshots: makeSnapshotSource({
        ...access,
        programRoots,
        stack: environment.historyTable,
        ...(environment.exportDefaults.templates === 'kept' && { keeping }),
      }),
      queue: makeExportQueue({ url: environment.exportsQueue, client: sqs }),
      outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
      verifications: makeVerifications(rows),
      verificationQueue: makeVerificationQueue({
        url: environment.verificationsQueue,
        client: sqs,
      }),
      compressor: makeCompressor(programRoots),
      clock,
      log,
    },
    options: {
      settings: environment.exportDefaults,
      verification: environment.verification,
      keyTemplate: environment.keyTemplate,
      environment: environment.environment,
      larderVersion: VERSION,
    },
  };
};
