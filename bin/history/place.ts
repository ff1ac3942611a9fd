import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { makeTableClient } from '../../adapters/dynamodb/client.ts';
import { makeHistory } from '../../adapters/dynamodb/history.ts';
import { makeHistoryRows } from '../../adapters/dynamodb/rebuild.ts';
import { makeRegistry } from '../../adapters/dynamodb/registry.ts';
import type { HistoryTable } from '../../adapters/dynamodb/table.ts';
import { makeKeysClient, makeManifestVerifier } from '../../adapters/kms/manifest-keys.ts';
import { makeRequestHandler } from '../../adapters/request-handler.ts';
import { makeVaultReader } from '../../adapters/s3/read.ts';
import { makeVault, makeVaultClient } from '../../adapters/s3/vault.ts';
import type { Where } from './arguments.ts';
import { makeDigest } from './digest.ts';
import { type Place, THROTTLED_TRIES } from './opened-place.ts';
import type { HistoryPorts } from './ports.ts';

const openAws = ({
  table,
  bucket,
  keys = [],
}: Pick<Place, 'table' | 'bucket'> & Partial<Pick<Place, 'keys'>>): Place => {
  const dynamodb = new DynamoDBClient({
    requestHandler: makeRequestHandler(),
    maxAttempts: THROTTLED_TRIES,
  });
  const s3 = makeVaultClient();
  const kms = makeKeysClient();
  return {
    table,
    bucket,
    dynamodb,
    s3,
    kms,
    keys,
    close: async () => {
      dynamodb.destroy();
      s3.destroy();
      kms.destroy();
    },
  };
};

export const openPlace = async (where: Where): Promise<Place> => {
  if (where.kind === 'aws') return openAws(where);
  if (where.kind === 'stack') {
    const { namesOfStack } = await import('./stack.ts');
    return openAws(await namesOfStack(where));
  }
  // Code that works on AWS does not load the emulators.
  const { openLocal } = await import('./local-place.ts');
  return openLocal(where);
};

export const portsOf = (
  { table, bucket, dynamodb, s3, kms, keys }: Place,
  rest: Pick<HistoryPorts, 'progress' | 'signal'>,
): HistoryPorts => {
  const access: HistoryTable = { table, client: makeTableClient(dynamodb), clock: Date.now };
  return {
    vault: makeVault({ bucket, client: s3 }),
    rows: makeHistoryRows(access),
    history: makeHistory(access),
    registry: makeRegistry(access),
    ...(keys.length && { manifestKeys: makeManifestVerifier({ keys, client: kms }) }),
    digest: makeDigest(makeVaultReader({ bucket, client: s3 })),
    clock: Date.now,
    ...rest,
  };
};
