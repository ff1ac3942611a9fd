import { openBench } from '../../../functions/export/support.ts';
import { type Home, homeForAll } from './home.ts';
import { type Stored, stored } from './support.ts';

const SCHEMA = 'acme';

/** A separate database for each backup. */
export const tenantHome = (take: (home: Home) => void) => {
  let home: Home;
  homeForAll((made) => {
    home = made;
    take(made);
  });

  /** A backup of `acme` in a database of its own. @param settings of the database, whose name `db` represents */
  const backupOf = async (
    sql: string,
    settings: readonly string[] = [],
    create?: (name: string) => string,
  ): Promise<Stored> => {
    const database = create
      ? `made_${Math.random().toString(36).slice(2)}`
      : await home.postgres.database();
    if (create) await home.postgres.sql(create(database));
    for (const one of settings) await home.postgres.sql(`ALTER DATABASE ${database} SET ${one}`);
    await home.postgres.sql(`CREATE SCHEMA ${SCHEMA}; ${sql}`, database);
    const bench = await openBench(home.services, home.postgres, {
      database,
      source: { schemas: [SCHEMA] },
      settings: { compare: 'rows' },
    });
    return await stored(home.services, bench, SCHEMA, { format: 'plain', compression: 'none' });
  };

  const brought = async (...given: Parameters<typeof backupOf>) =>
    await home.scratchRestores.rehearseQuickly(await backupOf(...given), 'rows');

  return { backupOf, brought };
};
