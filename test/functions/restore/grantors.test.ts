import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type Services, startServices } from '../export/support.ts';
import { newDatabase, openRoom, type Room } from './support.ts';

/** Who granted each right, before and after a swap: a REVOKE removes only the grants of the role that runs it. */
let services: Services;
const servers = new Map<number, Postgres>();
beforeAll(async () => {
  services = await startServices();
  for (const major of [15, 18]) {
    const server = await startPostgres(major);
    await server.sql('CREATE ROLE bob; CREATE ROLE carol; CREATE ROLE dave');
    servers.set(major, server);
  }
});
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  await services.stop();
});

const OPTIONS = `
  CREATE SCHEMA acme; GRANT USAGE ON SCHEMA acme TO bob WITH GRANT OPTION;
  CREATE TABLE acme.t (a int, b int); CREATE TABLE acme.shut (a int); CREATE VIEW acme.v AS SELECT 1 AS x; CREATE SEQUENCE acme.s; CREATE TYPE acme.e AS ENUM ('a'); CREATE DOMAIN acme.d AS int;
  CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION acme.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE acme.p() LANGUAGE sql AS '';
  GRANT SELECT, UPDATE ON acme.t, acme.v TO bob WITH GRANT OPTION; GRANT SELECT (a), UPDATE (b) ON acme.t TO bob WITH GRANT OPTION;
  GRANT USAGE ON SEQUENCE acme.s TO bob WITH GRANT OPTION; GRANT USAGE ON TYPE acme.e, acme.d TO bob WITH GRANT OPTION;
  GRANT EXECUTE ON ALL ROUTINES IN SCHEMA acme TO bob WITH GRANT OPTION;`;
const PASSED_ON = `
  GRANT USAGE ON SCHEMA acme TO carol; GRANT SELECT ON acme.t TO carol; GRANT UPDATE (b) ON acme.t TO carol; GRANT SELECT ON acme.v TO carol WITH GRANT OPTION;
  GRANT USAGE ON SEQUENCE acme.s TO carol; GRANT USAGE ON TYPE acme.e, acme.d TO carol; GRANT EXECUTE ON FUNCTION acme.f(int) TO carol;`;
/** The owner's own, to the same and to other roles. */
const OWNERS = `
  GRANT SELECT, UPDATE ON acme.t TO carol; GRANT SELECT ON acme.t, acme.v TO dave; GRANT SELECT (a) ON acme.t TO dave; GRANT USAGE ON SCHEMA acme TO dave;
  GRANT USAGE ON SEQUENCE acme.s TO dave; GRANT USAGE ON TYPE acme.e, acme.d TO dave; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA acme TO dave;`;

const RIGHTS = `
  SELECT what, s.acl::text AS rights FROM (
    SELECT relname::text AS what, relacl AS acl FROM pg_class WHERE relnamespace = 'acme'::regnamespace
    UNION ALL SELECT relname || '.' || attname, attacl FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'acme'::regnamespace
    UNION ALL SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE pronamespace = 'acme'::regnamespace
    UNION ALL SELECT typname, typacl FROM pg_type WHERE typnamespace = 'acme'::regnamespace
    UNION ALL SELECT 'schema', nspacl FROM pg_namespace WHERE nspname = 'acme'
  ) o, LATERAL (SELECT array_agg(a::text ORDER BY a::text) AS acl FROM unnest(o.acl) a) s WHERE s.acl IS NOT NULL ORDER BY 1`;

const tenant = async (major: number, members: string): Promise<Room> => {
  const postgres = servers.get(major);
  if (!postgres) throw new Error(`no server of ${major}`);
  const database = await newDatabase(
    postgres,
    `${OPTIONS} SET ROLE bob; ${PASSED_ON} SET ROLE carol; GRANT SELECT ON acme.v TO dave; SET ROLE app_owner; ${OWNERS}`,
  );
  for (const role of ['bob', 'carol'])
    await postgres.sql(`REVOKE ${role} FROM larder_restore; GRANT ${role} TO larder_restore`);
  await postgres.sql(members);
  return await openRoom(services, postgres, database, { schemas: ['acme'] });
};

describe.each([15, 18])('on PostgreSQL %i', (major) => {
  it.each([
    ['where the restore role may act as all of them', 'SELECT', 'SELECT'],
    ['where one of them may act as another', 'GRANT carol TO bob', 'REVOKE carol FROM bob'],
    [
      'where one of them may act as the owner',
      'GRANT app_owner TO bob',
      'REVOKE app_owner FROM bob',
    ],
  ])('are unchanged %s', async (_, sql, back) => {
    const room = await tenant(major, sql);
    const before = (await room.sql(RIGHTS)).rows;
    expect(before.length).toBeGreaterThan(8);
    const { row } = await room.restore(await room.backup('acme'), { mode: 'swap' });
    expect(row.error).toBeUndefined();
    expect((await room.sql(RIGHTS)).rows).toEqual(before);
    await room.sql(back);
    await room.sql('SET ROLE app_owner; REVOKE ALL ON acme.t, acme.v FROM dave; RESET ROLE');
    const { rows } = await room.sql(
      `SELECT has_table_privilege('dave', 'acme.t', 'SELECT') AS of_owner, has_table_privilege('dave', 'acme.v', 'SELECT') AS of_carol`,
    );
    expect(rows).toEqual([{ of_owner: false, of_carol: true }]);
  });

  it('refuse a swap if the restore role may not act as one, and name that grantor', async () => {
    const room = await tenant(major, 'REVOKE carol FROM larder_restore');
    const { row } = await room.restore(await room.backup('acme'), { mode: 'swap' });
    expect(row.error).toMatchObject({ name: 'RestoreRefused' });
    expect(row.error?.message).toContain(
      '"carol" granted it, and the restore role is not a member',
    );
    expect(await room.schemas()).toEqual(['acme']);
  });
});
