import { afterAll, beforeAll } from 'vitest';
import { type Services, startServices } from '../../../functions/export/support.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { openRehearsals, type Rehearsals, type Stored } from './support.ts';

/** Where backups of these tests come from, and where they are brought back. */
export interface Home {
  readonly services: Services;
  readonly postgres: Postgres;
  readonly scratchRestores: Rehearsals;
  /** What a backup can't be brought back for; an error of another name where it can. */
  refusalOf(one: Pick<Stored, 'manifest' | 'bytes'>): Promise<Error>;
}

/** Has a home for the tests of a file. */
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
