import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidv7 } from '../../../core/ids.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type Replica, startReplica } from '../../support/replica.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

let services: Services;
let primary: Postgres;
let replica: Replica;
let bench: Bench;
let database: string;
beforeAll(async () => {
  services = await startServices();
  primary = await startPostgres(18);
  database = await primary.database();
  await primary.sql(
    `CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT generate_series(1, 5000) AS n; CREATE SEQUENCE acme.s`,
    database,
  );
  replica = await startReplica(primary);
  bench = await openBench(services, primary, {
    database,
    port: replica.port,
    source: { schemas: ['acme'] },
  });
});
afterAll(async () => {
  await replica.stop();
  await primary.stop();
  await services.stop();
});

describe('an export from a replica', () => {
  it('completes with every row', async () => {
    await replica.caughtUp();
    const backup = await bench.request('acme');
    await bench.run(backup);
    const row = await bench.row(backup);
    expect([row.status, row.rowCount, row.error]).toEqual(['completed', 5000, undefined]);
  });

  it('that blocks replay is interrupted, to be tried again', async () => {
    const snapshot = await bench.ports.snapshots.open({
      backupId: uuidv7(Date.now()),
      attempt: 1,
      schemas: ['acme'],
      content: 'full',
      lockTimeoutMs: 5000,
      giveWayAfterSeconds: 10,
      partitionsElsewhere: 'refuse',
    });
    try {
      // The read in progress would fail with it.
      await snapshot.inventory;
      await primary.sql('DELETE FROM acme.t WHERE n > 10', database);
      await primary.sql('VACUUM acme.t', database);
      await expect(snapshot.disturbed).rejects.toMatchObject({
        name: 'DumpInterrupted',
        retryable: true,
        message: expect.stringContaining('replica'),
      });
    } finally {
      await snapshot.close();
    }
  });
});
