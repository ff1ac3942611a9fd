import { afterAll, beforeAll } from 'vitest';
import { type Services, startServices } from '../../../functions/export/support.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { openRehearsals, type Rehearsals, type Stored } from './support.ts';

/** Where backups of these tests are made, and where they are restored. */
export interface Home {
  readonly services: Services;
  readonly postgres: Postgres;
  readonly scratchRestores: Rehearsals;
  /** The error that prevents a backup's restore; an error of another name if it can be restored. */
  refusalOf(one: Pick<Stored, 'manifest' | 'bytes'>): Promise<Error>;
}

/** Creates a home for the tests of a file. */
export const homeForAll = (take: (home: Home) => void): void => {
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const services = await startServices();
    ends.unshift(services.stop);
    const postgres = await startPostgres(18);
    ends.unshift(postgres.stop);
    const scratchRestores = await openRehearsals(18);
    ends.unshift(scratchRestores.end);
    const refusalOf = (one: Pick<Stored, 'manifest' | 'bytes'>): Promise<Error> =>
      scratchRestores.rehearseQuickly(one, 'rows').then(
        ({ differences }) =>
          new Error(`it was brought back, and differs in: ${differences.join('; ')}`),
        (error: Error) => error,
      );
    take({ services, postgres, scratchRestores, refusalOf });
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });
};
