import { afterAll, beforeAll } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { CONTROL_PLANE, TENANT } from './schemas.ts';
import { type Bench, openBench, type Services, startServices } from './support.ts';

/** A server with the tenant `acme`, and a harness that exports from it. */
export interface Tenanted {
  readonly postgres: Postgres;
  readonly database: string;
  readonly bench: Bench;
}

/** Creates one for the tests of a file. */
export const tenantForAll = (take: (made: Tenanted) => void): void => {
  let services: Services;
  let postgres: Postgres;
  beforeAll(async () => {
    services = await startServices();
    postgres = await startPostgres();
    const database = await postgres.database();
    await postgres.sql(CONTROL_PLANE + TENANT('acme'), database);
    take({ postgres, database, bench: await openBench(services, postgres, { database }) });
  });
  afterAll(async () => {
    await postgres.stop();
    await services.stop();
  });
};
