import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_PLANE } from '../../../functions/export/schemas.ts';
import {
  type Bench,
  openBench,
  type Services,
  startServices,
} from '../../../functions/export/support.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { BACKUP_ROLE } from '../../../support/roles.ts';

let services: Services;
let postgres: Postgres;
beforeAll(async () => {
  services = await startServices();
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
  await services.stop();
});

/** A project, and a schema of the same form that could replace it. */
const SIMPLE = `
  CREATE SCHEMA acme; CREATE TYPE acme.mood AS ENUM ('sad', 'ok');
  CREATE TABLE acme.notes AS SELECT n, 'sad'::acme.mood AS mood FROM generate_series(1, 10) n;
  CREATE SCHEMA acme_new; CREATE TABLE acme_new.notes (LIKE acme.notes);
  INSERT INTO control_plane.projects VALUES ('acme', 'Acme', 'acme', 'ACTIVE');`;

const tenant = async (): Promise<{ database: string; bench: Bench }> => {
  const database = await postgres.database();
  await postgres.sql(CONTROL_PLANE + SIMPLE, database);
  return { database, bench: await openBench(services, postgres, { database }) };
};

/** Runs SQL at the moment when the snapshot is taken and pg_dump is about to start. */
const exportWhile = async (bench: Bench, sql: string, database: string) => {
  const { snapshots } = bench.ports;
  const backup = await bench.request('acme');
  await bench.run(backup, 900_000, {
    snapshots: {
      ...snapshots,
      open: async (request) => {
        const snapshot = await snapshots.open(request);
        await postgres.sql(sql, database);
        return snapshot;
      },
    },
  });
  return { row: await bench.row(backup), left: await bench.leftInVault() };
};

describe('names that change their meaning while they are read', () => {
  it.each([
    [
      'a schema that another takes the place of',
      'BEGIN; ALTER SCHEMA acme RENAME TO acme_old; ALTER SCHEMA acme_new RENAME TO acme; COMMIT',
    ],
    [
      'a schema swapped and swapped back',
      'ALTER SCHEMA acme RENAME TO elsewhere; ALTER SCHEMA elsewhere RENAME TO acme',
    ],
    ['a label of an enum', `ALTER TYPE acme.mood RENAME VALUE 'sad' TO 'grumpy'`],
  ])('%s: the attempt is given up and tried again', async (_, sql) => {
    const { database, bench } = await tenant();
    const { row, left } = await exportWhile(bench, sql, database);
    expect([row.status, row.error?.name]).toEqual(['pending', 'SchemaInMotion']);
    expect(left).toEqual({ objects: [], uploads: [] });
  });

  it('a label that was only added changes nothing', async () => {
    const { database, bench } = await tenant();
    const { row } = await exportWhile(bench, "ALTER TYPE acme.mood ADD VALUE 'new'", database);
    expect(row.status).toBe('completed');
  });
});

describe('a database of another encoding', () => {
  it('exports the requested schema, not the one whose name has the same bytes', async () => {
    await postgres.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    const mine = 'schöma';
    const twin = Buffer.from(mine, 'utf8').toString('latin1');
    await postgres.sql(
      `${CONTROL_PLANE} CREATE SCHEMA "${twin}"; CREATE TABLE "${twin}".secrets AS SELECT 1 AS n;
       CREATE SCHEMA "${mine}"; CREATE TABLE "${mine}".child AS SELECT generate_series(1, 7) AS n;
       INSERT INTO control_plane.projects VALUES ('acme', 'Acme', '${mine}', 'ACTIVE')`,
      'latin',
    );
    const bench = await openBench(services, postgres, { database: 'latin' });
    const backup = await bench.request('acme', { format: 'plain', compression: 'none' });
    await bench.run(backup);
    const row = await bench.row(backup);
    expect([row.status, row.rowCount]).toEqual(['completed', 7]);
    const url = await bench.ports.vault.downloadUrl(row.fileId ?? '', 'x.sql', 60);
    const text = await (await fetch(url)).text();
    expect(text).toContain(`COPY "${mine}".child`);
    expect(text).not.toContain('secrets');
  });
});

describe('a role with settings of its own', () => {
  it.each(["datestyle = 'German, DMY'", "client_encoding = 'LATIN1'"])(
    '%s: the export is whole',
    async (setting) => {
      const { bench } = await tenant();
      await postgres.sql(`ALTER ROLE ${BACKUP_ROLE} SET ${setting}`);
      const backup = await bench.request('acme');
      await bench.run(backup);
      await postgres.sql(`ALTER ROLE ${BACKUP_ROLE} RESET ALL`);
      expect((await bench.row(backup)).status).toBe('completed');
    },
  );
});
