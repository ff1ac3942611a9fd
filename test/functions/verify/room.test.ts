import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeVerifications } from '../../../adapters/dynamodb/jobs.ts';
import type { Backup } from '../../../core/backup.ts';
import { ENV } from '../../../core/contract.ts';
import { ensureLayer } from '../../../layers/postgres/ensure.ts';
import { withBundle } from '../../../lib/bundles.ts';
import { makeRoom, type Room } from '../../adapters/postgres/scratch/room.ts';
import { clientRoot, type Postgres, startPostgres } from '../../support/postgres.ts';
import { CONTROL_PLANE, TENANT } from '../export/schemas.ts';
import { type Bench, openBench, type Services, startServices } from '../export/support.ts';

/** The verify function as it is deployed, in a sandbox like Lambda's: only /tmp, no /dev/shm, not root, almost no environment. */
const IN_ROOM = path.join(import.meta.dirname, 'in-room.ts');

let services: Services;
let postgres: Postgres;
let bench: Bench;
let folder: string;
let room: Room;
let bundle: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres(18);
  const database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + TENANT('acme'), database);
  bench = await openBench(services, postgres, {
    database,
    settings: { compare: 'rows' },
    verification: { which: 'each', compare: 'rows' },
  });
  folder = mkdtempSync('/var/tmp/larder-verify-room-');
  bundle = path.join(folder, 'bundle');
  mkdirSync(bundle);
  withBundle('verify', undefined, (built) => cpSync(built, bundle, { recursive: true }));
  room = await makeRoom(path.join(folder, 'room'));
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environmentOf = async (temporaryBytes: number) => {
  const { directory } = await ensureLayer({ layer: 'server', majors: [18] });
  return {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_S3: services.queues.endpoint,
    AWS_ENDPOINT_URL_SQS: services.queues.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: services.tables.endpoint,
    AWS_LAMBDA_FUNCTION_NAME: 'verify',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    [ENV.historyTable]: bench.table,
    [ENV.vaultBucket]: bench.bucket,
    [ENV.manifestKeys]: 'key',
    [ENV.verification]: JSON.stringify({ compare: 'rows', temporaryBytes }),
    [ENV.verificationsQueue]: services.queues.newQueue(`in-room-${temporaryBytes}.fifo`),
    [ENV.outcomesQueue]: services.queues.newQueue(`in-room-${temporaryBytes}`),
    [ENV.postgresRoot]: [await clientRoot(), path.join(directory, 'postgres')].join(':'),
  };
};

/** Delivers the verification that the export asked for, once it had completed the backup. */
const verified = async (backup: Backup, temporaryMb = 512) => {
  const verifications = makeVerifications({
    table: bench.table,
    client: services.tables.client,
    clock: Date.now,
  });
  const { projectId } = backup;
  const { items } = await verifications.list(projectId, { backupId: backup.id, limit: 10 });
  const verificationId = items[0]?.id ?? '';
  const body = JSON.stringify({ projectId, verificationId });
  const event = { Records: [{ messageId: 'one', receiptHandle: 'none', body }] };
  const environment = await environmentOf(temporaryMb * 1024 ** 2);
  const told = await room.run(
    IN_ROOM,
    [bundle, JSON.stringify(environment), JSON.stringify(event)],
    { temporaryMb, network: true },
  );
  return { told, row: await verifications.get(projectId, verificationId) };
};

const TOLD = { answer: { batchItemFailures: [] }, root: false, shm: false, left: [] };

describe("the verify function's bundle in a sandbox like Lambda's", () => {
  it('verifies a backup and leaves nothing', async () => {
    const backup = await bench.request('acme');
    await bench.run(backup);
    const { told, row } = await verified(backup);
    expect(told).toEqual(TOLD);
    expect(row).toMatchObject({
      status: 'completed',
      result: { verdict: 'verified', checked: { rows: 11_000, hashedTables: 4 } },
    });
    expect(row?.result?.diskBytes).toBeGreaterThan(10_000_000);
    expect(await bench.row(backup)).toMatchObject({ validation: 'verified' });
  });

  it('reports what is missing if there is too little space', async () => {
    const backup = await bench.request('acme');
    await bench.run(backup);
    const { told, row } = await verified(backup, 20);
    expect(told).toEqual(TOLD);
    expect(row?.result).toMatchObject({
      verdict: 'could-not-run',
      why: expect.stringMatching(/Set verification\.temporaryMb to \d+ or more/),
    });
    expect(await bench.row(backup)).toMatchObject({ validation: 'could-not-run' });
  });
});
