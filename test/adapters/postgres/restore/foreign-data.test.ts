import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { PASSWORD } from '../../../support/postgres.ts';
import { serversOf } from '../../../support/servers.ts';
import {
  newDatabase,
  OWNER,
  RESTORE_ROLE,
  restore,
  surveyOf,
  takeBackup,
} from '../support/restoring.ts';

/**
 * Foreign tables, servers and user mappings of a tenant: what a backup, a restore and a count read or write through them. The server is the
 * same database, which a login of another tenant's owner and the restore role's own login can reach.
 */
const on = serversOf(15, 18);

const SECRET = pg.escapeLiteral(PASSWORD);
const login = `user 'mallory', password ${SECRET}`;
const restorer = `user '${RESTORE_ROLE}', password ${SECRET}`;

const made = async (major: number, tenant: string) => {
  const postgres = on(major);
  const database = await newDatabase(
    postgres,
    `RESET ROLE; DO $$ BEGIN CREATE ROLE mallory LOGIN PASSWORD ${SECRET}; EXCEPTION WHEN duplicate_object THEN ALTER ROLE mallory LOGIN PASSWORD ${SECRET}; END $$;
     CREATE SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; CREATE EXTENSION postgres_fdw SCHEMA ext; CREATE EXTENSION file_fdw SCHEMA ext; CREATE EXTENSION dblink SCHEMA ext;
     CREATE SCHEMA beta; CREATE TABLE beta.secret (v text); INSERT INTO beta.secret VALUES ('s3cret'); CREATE TABLE beta.far (m text, v int);
     GRANT USAGE ON SCHEMA beta TO mallory; GRANT ALL ON ALL TABLES IN SCHEMA beta TO mallory;
     DO $$ BEGIN EXECUTE format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', '127.0.0.1', '${postgres.port}', current_database()); END $$;
     CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; GRANT USAGE ON FOREIGN SERVER loop, files TO ${OWNER}; CREATE USER MAPPING FOR ${OWNER} SERVER loop OPTIONS (${login});
     SET ROLE ${OWNER}; CREATE SCHEMA acme; CREATE FOREIGN TABLE acme.secrets (v text) SERVER loop OPTIONS (schema_name 'beta', table_name 'secret')`,
  );
  // The foreign server sees only what is committed.
  await postgres.sql(`SET ROLE ${OWNER}; ${tenant}`, database);
  return { target: { postgres, database }, stored: await takeBackup(postgres, database, ['acme']) };
};

describe.each([15, 18])('PostgreSQL %i', (major) => {
  it('a materialized view over a foreign table is filled with its owner’s user mapping, never with the restore role’s', async () => {
    const { target, stored } = await made(
      major,
      'CREATE MATERIALIZED VIEW acme.seen AS SELECT v FROM acme.secrets; CREATE VIEW acme.shown AS SELECT v FROM acme.secrets',
    );
    const { postgres, database } = target;
    await postgres.sql(
      `DROP USER MAPPING FOR ${OWNER} SERVER loop; CREATE USER MAPPING FOR ${RESTORE_ROLE} SERVER loop OPTIONS (${restorer}); GRANT SELECT ON beta.secret TO ${RESTORE_ROLE}; GRANT USAGE ON SCHEMA beta TO ${RESTORE_ROLE};
       DO $$ BEGIN CREATE ROLE beta_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$; ALTER SCHEMA beta OWNER TO beta_owner; GRANT beta_owner TO ${RESTORE_ROLE}`,
      database,
    );
    const report = { onConflict: 'report' } as const;
    const { unfinished } = await restore(target, stored, report);
    expect(unfinished).toMatchObject([{ kind: 'materialized-view', state: 'unfilled' }]);
    await postgres.sql('DROP SCHEMA acme_restored CASCADE', database);
    const dropped = restore(target, stored, { ...report, owners: 'drop' });
    await expect(dropped).rejects.toThrow(/"acme\.seen" calls "foreign table acme\.secrets"/);
    await postgres.sql(`DROP USER MAPPING FOR ${RESTORE_ROLE} SERVER loop`, database);
    expect((await restore(target, stored, { ...report, owners: 'drop' })).unfinished).toMatchObject(
      [{ kind: 'materialized-view', state: 'unfilled' }],
    );
  });

  it('rows of a partitioned table are not written to the live rows of a foreign partition', async () => {
    const { target, stored } = await made(
      major,
      `CREATE TYPE acme.mood AS ENUM (${Array.from({ length: 20 }, (_, i) => `'m${i}'`).join()}); CREATE TABLE acme.moods (m acme.mood, v int) PARTITION BY HASH (m);
       CREATE TABLE acme.near PARTITION OF acme.moods FOR VALUES WITH (MODULUS 2, REMAINDER 0);
       CREATE FOREIGN TABLE acme.remote PARTITION OF acme.moods FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER loop OPTIONS (schema_name 'beta', table_name 'far');
       INSERT INTO acme.moods SELECT m, 1 FROM unnest(enum_range(NULL::acme.mood)) m`,
    );
    const { postgres, database } = target;
    const far = 'SELECT count(*)::int AS n FROM beta.far';
    const before = (await postgres.sql(far, database)).rows;
    expect(before[0].n).toBeGreaterThan(0);
    await expect(restore(target, stored, { onConflict: 'report' })).rejects.toThrow(
      /rows could be written through the foreign table acme\.remote/,
    );
    expect((await postgres.sql(far, database)).rows).toEqual(before);
  });

  it('files of the server are out of reach', async () => {
    const { target, stored } = await made(
      major,
      `RESET ROLE; CREATE FOREIGN TABLE acme.names (line text) SERVER files OPTIONS (filename '/etc/hostname'); ALTER FOREIGN TABLE acme.names OWNER TO ${OWNER}; SET ROLE ${OWNER}`,
    );
    const { problems } = await surveyOf(target, stored, { onConflict: 'report' });
    expect(problems).toEqual([]);
    const refused = restore(target, stored);
    await expect(refused).rejects.toThrow(/file_fdw|pg_read_server_files|filename/);
  });
});
