import { describe, expect, it } from 'vitest';
import type { Postgres } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  OWNER,
  restore,
  type Stored,
  sealed,
  serverOf,
  takeBackup,
} from '../support/restoring.ts';

/** The schema public is restored with the rights that it had, including those that PostgreSQL itself granted and no dump holds. */
const serverOfMajor = serversOf(15, 18);

/** A database of the tenants' owner, whose public is as initdb created it, changed by `more`. */
const databaseWith = async (on: Postgres, more: string): Promise<string> => {
  const database = await newDatabase(on, 'SELECT 1');
  await on.sql(
    `ALTER DATABASE ${database} OWNER TO ${OWNER};
     SET ROLE ${OWNER}; CREATE TABLE public.t (id int); ${more}`,
    database,
  );
  return database;
};

const rightsOf = async (on: Postgres, database: string, schema: string) =>
  (
    await on.sql(
      `SELECT nspowner::regrole::text AS owner, ARRAY(
         SELECT concat(grantor::regrole, ' to ', CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END, ': ', privilege_type, is_grantable)
         FROM aclexplode(COALESCE(nspacl, acldefault('n', nspowner))) ORDER BY 1) AS rights
       FROM pg_namespace WHERE nspname = '${schema}'`,
      database,
    )
  ).rows[0];

const swapped = async (on: Postgres, database: string, stored: Stored): Promise<void> => {
  const target = { postgres: on, database };
  expect(await restore(target, stored, { mode: 'swap' })).toMatchObject({ leftOut: [] });
  const renames = [
    { from: 'public', to: 'public_before' },
    { from: 'public_restored', to: 'public' },
  ];
  const { signal } = new AbortController();
  await serverOf(target).rename(sealed(), renames, { lockTimeoutMs: 2000, signal });
};

const KINDS: [string, string][] = [
  ['as initdb left it', ''],
  ['closed to everybody', 'REVOKE ALL ON SCHEMA public FROM PUBLIC;'],
  ['open to everybody', 'GRANT CREATE ON SCHEMA public TO PUBLIC;'],
  ['not to be made things in', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC;'],
  [
    'of some',
    'REVOKE USAGE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO pg_monitor WITH GRANT OPTION;',
  ],
  ['of another owner', `ALTER SCHEMA public OWNER TO ${OWNER};`],
  [
    'made anew',
    `RESET ROLE; DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION ${OWNER}; SET ROLE ${OWNER}; CREATE TABLE public.t (id int);`,
  ],
];

describe.each([18, 15])('on PostgreSQL %i, a swap of a public that is', (major) => {
  it.each(KINDS)('%s', async (_, more) => {
    const on = serverOfMajor(major);
    const database = await databaseWith(on, more);
    const stored = await takeBackup(on, database, ['public'], { user: 'postgres' });
    const was = await rightsOf(on, database, 'public');
    await swapped(on, database, stored);
    expect(await rightsOf(on, database, 'public_before')).toEqual(was);
    expect(await rightsOf(on, database, 'public')).toEqual(was);
  });
});

it('without owners and grants nothing is granted to any role', async () => {
  const postgres = serverOfMajor(18);
  const database = await databaseWith(postgres, '');
  const stored = await takeBackup(postgres, database, ['public'], { user: 'postgres' });
  await restore({ postgres, database }, stored, { owners: 'drop' });
  expect(await rightsOf(postgres, database, 'public_restored')).toMatchObject({
    owner: 'larder_restore',
    rights: [
      'larder_restore to larder_restore: CREATEf',
      'larder_restore to larder_restore: USAGEf',
    ],
  });
});
