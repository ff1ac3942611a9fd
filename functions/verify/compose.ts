import { tmpdir } from 'node:os';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import { makeValidations } from '../../adapters/dynamodb/validations.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { makeKeysClient, makeManifestVerifier } from '../../adapters/kms/manifest-keys.ts';
import { makeArchiveReader } from '../../adapters/postgres/programs/archive-reader.ts';
import { makeScratchRestores } from '../../adapters/postgres/scratch/restore/make-scratch-restores.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeVaultReader } from '../../adapters/s3/read.ts';
import { makeVaultClient } from '../../adapters/s3/vault.ts';
import { makeOutcomes } from '../../adapters/sqs/outcomes.ts';
import { makeVerificationQueue } from '../../adapters/sqs/work-queue.ts';
import type { Log } from '../../core/ports.ts';
import type { VerifyPorts } from './ports.ts';

/** Megabytes of the whole function, from Lambda; elsewhere the scratch server has no limit. */
const memoryMb = (): { memoryMb?: number } => {
  const given = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE);
  return given > 0 ? { memoryMb: given } : {};
};

/** The verify function's parts, built once per process from its environment. It has no login to any source. */
export const compose = (log: Log): VerifyPorts => {
  const environment = readEnvironment([
    'historyTable',
    'vaultBucket',
    'manifestKeys',
    'verification',
    'verificationsQueue',
    'outcomesQueue',
    'postgresRoot',
  ]);
  const clock = Date.now;
  const rows = { table: environment.historyTable, client: makeTableClient(), clock };
  const sqs = new SQSClient({ requestHandler: makeRequestHandler() });
  const programRoots = environment.postgresRoot.split(':');
  return {
    verifications: makeVerifications(rows),
    validations: makeValidations(rows),
    history: makeHistory(rows),
    vault: makeVaultReader({ bucket: environment.vaultBucket, client: makeVaultClient() }),
    manifestKeys: makeManifestVerifier({
      keys: environment.manifestKeys,
      client: makeKeysClient(),
    }),
    archives: makeArchiveReader(programRoots),
    scratchRestores: makeScratchRestores({
      programRoots,
      temporaryFolder: tmpdir(),
      temporaryBytes: environment.verification.temporaryBytes,
      ...memoryMb(),
      log,
    }),
    queue: makeVerificationQueue({ url: environment.verificationsQueue, client: sqs }),
    outcomes: makeOutcomes({ url: environment.outcomesQueue, client: sqs }),
    clock,
    log,
  };
};
