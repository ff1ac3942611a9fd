import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { getRow } from '../../../adapters/dynamodb/table.ts';
import type { Backup } from '../../../core/backup.ts';
import { iso } from '../../../core/backup.ts';
import { ENV } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import { completionOf, DAY, NIGHT, newHistory } from '../../support/backups.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { startVaults, type TestVault, type Vaults } from '../../support/vaults.ts';

let tables: Tables;
let vaults: Vaults;
let it: Awaited<ReturnType<typeof newHistory>>;
let vault: TestVault;
let handler: typeof import('../../../functions/expire/handler.ts')['handler'];

beforeAll(async () => {
  tables = await startTables();
  vaults = await startVaults();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await vaults.stop();
  await tables.stop();
});
beforeEach(async () => {
  it = await newHistory(tables);
  vault = await vaults.newVault();
  const variables = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_S3: vaults.endpoint,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    [ENV.historyTable]: it.access.table,
    [ENV.vaultBucket]: vault.bucket,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  vi.resetModules();
  ({ handler } = await import('../../../functions/expire/handler.ts'));
});

const TTL_REMOVAL = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };

let sequence = 0;
const removalOf = (
  image: Record<string, unknown> | undefined,
  changes: Partial<DynamoDBRecord> = {},
): DynamoDBRecord => {
  sequence += 1;
  return {
    eventName: 'REMOVE',
    userIdentity: TTL_REMOVAL,
    dynamodb: {
      SequenceNumber: String(sequence),
      ...(image && {
        OldImage: marshall(image) as NonNullable<DynamoDBRecord['dynamodb']>['OldImage'],
      }),
    },
    ...changes,
  } as DynamoDBRecord;
};
const handle = (...Records: DynamoDBRecord[]) => handler({ Records }, {} as Context);

/** A stored backup whose row was removed: its last image. */
const expired = async (
  night: number,
): Promise<{ backup: Backup; image: Record<string, unknown> }> => {
  const backup = await it.pending({ createdAt: iso(NIGHT + night * DAY) });
  const fileId = `backups/acme/20261121T020000Z-${backup.id}-1.dump`;
  await vault.put(fileId);
  await it.history.complete(await it.claimed(backup), completionOf(backup, { fileId }));
  const image = await it.row(backup);
  if (!image) throw new Error('no row');
  await it.removeRow(backup);
  return { backup, image };
};

describe('the stream of the history', () => {
  test('removes from the vault the backups that TTL removed', async () => {
    const { backup, image } = await expired(0);
    await it.completed({ createdAt: iso(NIGHT + DAY) });
    expect(await handle(removalOf(image))).toEqual({ batchItemFailures: [] });
    expect(await vault.keys()).toEqual([]);
    expect((await it.history.get('acme', backup.id))?.status).toBe('deleted');
  });

  test('removes nothing if a person removed the row, and nothing for other changes', async () => {
    const { image } = await expired(0);
    await it.completed({ createdAt: iso(NIGHT + DAY) });
    const { userIdentity: _, ...byHand } = removalOf(image);
    const records = [
      byHand,
      removalOf(image, { userIdentity: { type: 'User', principalId: 'somebody' } }),
      removalOf(image, { eventName: 'MODIFY' }),
      removalOf(image, { eventName: 'INSERT' }),
    ];
    expect(await handle(...records)).toEqual({ batchItemFailures: [] });
    expect(await vault.keys()).toHaveLength(1);
  });

  test('removes nothing when the record of a restore or a verification is removed', async () => {
    const { backup } = await expired(0);
    await it.completed({ createdAt: iso(NIGHT + DAY) });
    const { restores, verifications } = jobRows(it.access);
    const restore = restoreRow(NIGHT, { backupId: backup.id });
    const verification = verificationRow(NIGHT, { backupId: backup.id });
    await restores.create(restore);
    await verifications.create(verification);
    const images = await Promise.all(
      [`RESTORE#${restore.id}`, `VERIFICATION#${verification.id}`].map((sk) =>
        getRow(it.access, { pk: 'PROJECT#acme', sk }),
      ),
    );
    expect(images.map((image) => image?.kind)).toEqual(['restore', 'verification']);
    const records = images.map((image) => removalOf({ ...image, status: 'completed' }));
    expect(await handle(...records)).toEqual({ batchItemFailures: [] });
    expect(await vault.keys()).toHaveLength(1);
    expect(await it.history.get('acme', restore.id)).toBeUndefined();
  });

  test('is not blocked by records that are not backups or not readable', async () => {
    const { image } = await expired(0);
    await it.completed({ createdAt: iso(NIGHT + DAY) });
    const answer = await handle(
      removalOf({ pk: 'RUN#1', sk: 'RUN', kind: 'run', id: uuidv7(1) }),
      removalOf({ pk: 'PROJECT#acme', sk: 'IDEMPOTENCY#x', kind: 'idempotency' }),
      removalOf(undefined),
      removalOf({ kind: 'backup', id: 'no uuid' }),
      removalOf(image),
    );
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await vault.keys()).toEqual([]);
  });

  test('gets only a failed record again, after all others were tried', async () => {
    const first = await expired(0);
    const second = await expired(1);
    await it.completed({ createdAt: iso(NIGHT + 2 * DAY) });
    const elsewhere = await vaults.newVault();
    vi.stubEnv(ENV.vaultBucket, `${elsewhere.bucket}-gone`);
    vi.resetModules();
    const failing = (await import('../../../functions/expire/handler.ts')).handler;
    const [one, two] = [removalOf(first.image), removalOf({ ...second.image, status: 'failed' })];
    expect(await failing({ Records: [one, two] }, {} as Context)).toEqual({
      batchItemFailures: [{ itemIdentifier: one.dynamodb?.SequenceNumber }],
    });
    expect(await handle(one, two)).toEqual({ batchItemFailures: [] });
    expect(await vault.keys()).toEqual([second.image.fileId]);
  });
});
