import type { ExtensionFiles } from '../../../support/postgres.ts';

/** An extension with rows of its own: a sequence and a table, both marked as configuration, whose rows pg_dump therefore dumps. */
export const INVOICES: ExtensionFiles = {
  'invoices.control': `default_version = '1.0'\nrelocatable = true\ntrusted = true\n`,
  'invoices--1.0.sql': `
    CREATE SEQUENCE invoice_no;
    CREATE TABLE issued (no bigint DEFAULT nextval('invoice_no') PRIMARY KEY, at timestamptz DEFAULT now());
    CREATE FUNCTION invoice_form(bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'R' || $1 $$;
    SELECT pg_catalog.pg_extension_config_dump('invoice_no', '');
    SELECT pg_catalog.pg_extension_config_dump('issued', '');`,
};

/** A tenant with it in its schema, and an unrelated table; \`uses\` is SQL for a table that uses it. */
export const withInvoices = (uses = ''): string => `RESET ROLE;
  CREATE SCHEMA acme AUTHORIZATION app_owner; CREATE EXTENSION invoices SCHEMA acme;
  GRANT SELECT, INSERT ON acme.issued TO app_owner; GRANT USAGE ON SEQUENCE acme.invoice_no TO app_owner;
  SET ROLE app_owner;
  CREATE TABLE acme.orders (id serial PRIMARY KEY, v text); INSERT INTO acme.orders (v) SELECT 'v' FROM generate_series(1, 3);
  ${uses};
  INSERT INTO acme.issued SELECT FROM generate_series(1, 100)`;
