import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RestoreMismatch } from '../../../../core/errors/restore.ts';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, restore, type Stored, takeBackup } from '../support/restoring.ts';

/** A partition whose DETACH CONCURRENTLY is pending: queries of its parent do not see its rows, and pg_dump writes it attached. */
const TENANT = `
  CREATE SCHEMA acme;
  CREATE TABLE acme.kinds (id int PRIMARY KEY);
  CREATE TABLE acme.events (id int, day int, kind int CONSTRAINT events_kind REFERENCES acme.kinds, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE acme.events_1 PARTITION OF acme.events FOR VALUES FROM (0) TO (10);
  CREATE TABLE acme.events_2 PARTITION OF acme.events FOR VALUES FROM (10) TO (20);
  CREATE INDEX events_day ON acme.events (day);
  CREATE FUNCTION acme.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER noted BEFORE INSERT ON acme.events FOR EACH ROW EXECUTE FUNCTION acme.noted();
  INSERT INTO acme.kinds VALUES (1);
  INSERT INTO acme.events VALUES (1, 1, 1), (2, 11, 1)`;

describe.each([15, 18])('PostgreSQL %i', (major) => {
  let postgres: Postgres;
  let database: string;
  beforeAll(async () => {
    postgres = await startPostgres(major);
    database = await newDatabase(postgres, TENANT);
    // It waits for the reader, and gives up: the detach stays pending.
    const reader = await postgres.session(database);
    await reader.query('BEGIN; SELECT * FROM acme.events');
    const detaching = await postgres.session(database);
    await detaching.query("SET statement_timeout = '300ms'");
    await expect(
      detaching.query('ALTER TABLE acme.events DETACH PARTITION acme.events_2 CONCURRENTLY'),
    ).rejects.toMatchObject({ code: '57014' });
    await detaching.end();
    await reader.end();
  });
  afterAll(() => postgres.stop());

  const rowsOf = async (schema: string) =>
    (await postgres.sql(`SELECT id FROM ${schema}.events ORDER BY id`, database)).rows;
  const stored = (): Promise<Stored> =>
    takeBackup(postgres, database, ['acme'], { format: 'plain', compression: 'none' });

  it('is restored detached, with its rows, which backup and restore report', async () => {
    expect(await rowsOf('acme')).toEqual([{ id: 1 }]);
    const one = await stored();
    expect(one.manifest.warnings).toContainEqual(
      expect.stringMatching(/DETACH CONCURRENTLY is pending.*"events_2"/),
    );
    const { leftOut, rows } = await restore({ postgres, database }, one);
    expect(rows).toBe(3);
    expect(leftOut).toEqual([
      {
        what: '"acme.events_2" as a partition of "acme.events"',
        why: expect.stringContaining('DETACH CONCURRENTLY was pending'),
      },
    ]);
    expect(await rowsOf('acme_restored')).toEqual([{ id: 1 }]);
    const found = await postgres.sql('SELECT id FROM acme_restored.events_2', database);
    expect(found.rows).toEqual([{ id: 2 }]);
    await postgres.sql('DROP SCHEMA acme_restored CASCADE', database);
  });

  it('is not detached if a partition would be attached that was not, or the reverse', async () => {
    const { manifest, bytes } = await stored();
    const tables = manifest.tables.map((table) => {
      const { detachPending: _, ...rest } = table;
      return rest;
    });
    const text = bytes.toString();
    const attach = /ALTER TABLE ONLY acme\.events ATTACH PARTITION acme\.events_1 [^;]*;\n/;
    expect(text).toMatch(attach);
    const indexes = /ALTER INDEX acme\.\S+ ATTACH PARTITION acme\.events_1\S*;\n/g;
    const lacking = Buffer.from(text.replace(attach, '').replace(indexes, ''));
    await expect(
      restore({ postgres, database }, { manifest, bytes: lacking }),
    ).rejects.toMatchObject({
      name: RestoreMismatch.name,
      differences: expect.arrayContaining([
        'table "acme"."events_1" is not the same partition as at the source',
      ]),
    });
    // An older manifest does not record it: the restore follows pg_dump.
    const { leftOut } = await restore(
      { postgres, database },
      { manifest: { ...manifest, tables }, bytes },
    );
    expect(leftOut).toEqual([]);
    await postgres.sql('DROP SCHEMA acme_restored CASCADE', database);
  });
});
