import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../../support/postgres.ts';
import { newDatabase, restore, schemasIn, sessionsLeft, takeBackup } from './room.ts';

const TENANT = `
  CREATE SCHEMA shared; CREATE TABLE shared.countries (code text PRIMARY KEY);
  INSERT INTO shared.countries VALUES ('de'), ('fr');
  CREATE SCHEMA acme;
  CREATE TABLE acme.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, country text REFERENCES shared.countries, note text);
  CREATE TABLE acme.orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES acme.customers, total numeric(10,2));
  CREATE INDEX orders_customer ON acme.orders (customer);
  INSERT INTO acme.customers (country, note) SELECT CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, 'note ' || i FROM generate_series(1, 200) i;
  INSERT INTO acme.orders (customer, total) SELECT i % 200 + 1, i FROM generate_series(1, 1000) i;
  COMMENT ON SCHEMA acme IS 'the tenant''s own words';
  CREATE VIEW acme.sums AS SELECT customer, sum(total) FROM acme.orders GROUP BY customer`;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres(18);
});
afterAll(() => postgres.stop());

describe('beside', () => {
  it('makes a schema next to the live one', async () => {
    const database = await newDatabase(postgres, TENANT);
    const stored = await takeBackup(postgres, database, ['acme']);
    const loaded = await restore({ postgres, database }, stored);
    expect(loaded).toMatchObject({ tables: 2, rows: 1200, leftOut: [] });
    expect(await schemasIn(postgres, database)).toEqual(['acme', 'acme_restored', 'shared']);
    expect(await sessionsLeft(postgres, database)).toEqual([]);
  });
});
