import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIMES } from '../../../core/contract.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { CONTROL_PLANE, TENANT } from './schemas.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

let services: Services;
let postgres: Postgres;
let database: string;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
  database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + TENANT('acme'), database);
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
});

/** After the lease of the dead worker. */
const later = (bench: Bench) => {
  const clock = () => Date.now() + 2 * TIMES.leaseSeconds * 1000;
  return { history: bench.historyAt(clock), clock };
};

describe('a backup whose last attempt’s worker died', () => {
  it('died between its manifest and its row is completed with that attempt’s object', async () => {
    const bench = await openBench(services, postgres, { database });
    const backup = await bench.request('acme', { attempt: TIMES.maxAttempts - 1 });
    const made = Promise.withResolvers<void>();
    const dies = async () => {
      made.resolve();
      return await new Promise<never>(() => undefined);
    };
    void bench.run(backup, 900_000, { history: { ...bench.ports.history, complete: dies } });
    await made.promise;
    expect((await bench.run(backup, 900_000, later(bench))).message).toBe('done');
    const row = await bench.row(backup);
    expect([row.status, row.attempt, row.rowCount]).toEqual([
      'completed',
      TIMES.maxAttempts,
      11_000,
    ]);
    expect((await bench.leftInVault()).objects).toContain(row.fileId);
    expect(bench.outcomes()).toHaveLength(1);
  });

  it('died before it stored anything fails, with what to do', async () => {
    const bench = await openBench(services, postgres, { database });
    const backup = await bench.request('acme', { attempt: TIMES.maxAttempts - 1 });
    expect((await bench.ports.history.claim('acme', backup.id)).kind).toBe('claimed');
    expect((await bench.run(backup, 900_000, later(bench))).message).toBe('done');
    const row = await bench.row(backup);
    expect([row.status, row.error?.name]).toEqual(['failed', 'WorkerDied']);
    expect(bench.outcomes()).toHaveLength(1);
  });
});
