import type { Restore } from '../../../core/restore.ts';
import type { Room } from './support.ts';

/** A tenant with a foreign key to another schema, code of its own and 1,200 rows. */
export const TENANT = `
  CREATE SCHEMA acme;
  CREATE SCHEMA shared;
  CREATE TABLE shared.countries (code text PRIMARY KEY);
  INSERT INTO shared.countries VALUES ('de'), ('fr');
  CREATE TABLE acme.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, country text REFERENCES shared.countries, note text);
  CREATE TABLE acme.orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES acme.customers, total numeric(10,2));
  CREATE FUNCTION acme.is_total(n numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT n >= 0';
  ALTER TABLE acme.orders ADD CHECK (acme.is_total(total));
  CREATE INDEX orders_customer ON acme.orders (customer);
  INSERT INTO acme.customers (country, note) SELECT CASE i % 2 WHEN 0 THEN 'de' ELSE 'fr' END, 'note ' || i FROM generate_series(1, 200) i;
  INSERT INTO acme.orders (customer, total) SELECT i % 200 + 1, i FROM generate_series(1, 1000) i;
  CREATE VIEW acme.sums AS SELECT customer, sum(total) FROM acme.orders GROUP BY customer`;

export const count = async (room: Room, table: string): Promise<number> =>
  (await room.sql(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

export const newSchema = ({ outcome }: Restore): string => outcome?.schemas[0]?.to ?? '';
