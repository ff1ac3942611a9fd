import type pg from 'pg';
import type { Inventory, ManifestSequence, ManifestTable } from '../../../core/manifest.ts';
import { qualified } from '../names.ts';

/**
 * What is inside a schema, read in the dump's snapshot. Objects that belong to an extension are left out, as pg_dump leaves
 * them out: `CREATE EXTENSION` brings them.
 */
const NOT_OF_EXTENSION = (catalog: string, oid: string): string => `
  NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND e.objid = ${oid} AND e.deptype = 'e'
  )`;

const TABLES = `
  SELECT c.relname AS name,
    CASE
      WHEN c.relkind = 'p' THEN 'partitioned'
      WHEN c.relkind = 'f' THEN 'foreign'
      WHEN c.relkind = 'm' THEN 'materialized-view'
      WHEN c.relpersistence = 'u' THEN 'unlogged'
      WHEN c.relispartition THEN 'partition'
      ELSE 'table'
    END AS kind,
    pg_catalog.pg_total_relation_size(c.oid)::text AS bytes,
    c.relispopulated AS populated,
    pg_catalog.row_security_active(c.oid) AS hidden
  FROM pg_catalog.pg_class c
  WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p', 'f', 'm') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
  ORDER BY c.relname`;

export interface TableFacts extends ManifestTable {
  /** False for a materialized view that was never refreshed: it can't be read. */
  readonly populated: boolean;
  /** Row security would hide rows from our role. */
  readonly hidden: boolean;
}

export const readTables = async (
  client: pg.Client,
  schemaOid: string,
  schema: string,
): Promise<TableFacts[]> => {
  const found = await client.query<{
    name: string;
    kind: ManifestTable['kind'];
    bytes: string;
    populated: boolean;
    hidden: boolean;
  }>(TABLES, [schemaOid]);
  return found.rows.map(({ name, kind, bytes, populated, hidden }) => ({
    schema,
    name,
    kind,
    rows: null,
    bytes: Number(bytes),
    populated,
    hidden,
  }));
};

const SEQUENCES = `
  SELECT c.relname AS name FROM pg_catalog.pg_class c
  WHERE c.relnamespace = $1 AND c.relkind = 'S' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
  ORDER BY c.relname`;

const SEQUENCES_AT_ONCE = 200;

/** Sequences with value and whether it was given out. They are not transactional: one may run ahead of the snapshot. */
export const readSequences = async (
  client: pg.Client,
  schemaOid: string,
  schema: string,
): Promise<ManifestSequence[]> => {
  const names = (await client.query<{ name: string }>(SEQUENCES, [schemaOid])).rows.map(
    (row) => row.name,
  );
  const all: ManifestSequence[] = [];
  for (let from = 0; from < names.length; from += SEQUENCES_AT_ONCE) {
    const some = names.slice(from, from + SEQUENCES_AT_ONCE);
    const selects = some.map(
      (name, i) =>
        `SELECT ${i} AS i, last_value::text AS value, is_called AS called FROM ${qualified(schema, name)}`,
    );
    const found = await client.query<{ i: number; value: string; called: boolean }>(
      `${selects.join(' UNION ALL ')} ORDER BY i`,
    );
    all.push(...found.rows.map(({ i, value, called }) => ({ name: some[i] ?? '', value, called })));
  }
  return all;
};

/** One name each, as SQL writes it. */
const NAMES = {
  views: `SELECT c.relname AS name FROM pg_catalog.pg_class c
    WHERE c.relnamespace = $1 AND c.relkind = 'v' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')} ORDER BY 1`,
  functions: `SELECT pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = $1 AND ${NOT_OF_EXTENSION('pg_proc', 'p.oid')} ORDER BY 1`,
  types: `SELECT t.typname AS name FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = $1 AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
      AND ${NOT_OF_EXTENSION('pg_type', 't.oid')} ORDER BY 1`,
  triggers: `SELECT pg_catalog.format('%I ON %I', g.tgname, c.relname) AS name
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    WHERE c.relnamespace = $1 AND NOT g.tgisinternal ORDER BY 1`,
  policies: `SELECT pg_catalog.format('%I ON %I', p.polname, c.relname) AS name
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = $1 ORDER BY 1`,
} as const;

export type NamedObjects = Pick<Inventory, keyof typeof NAMES>;

export const readNames = async (client: pg.Client, schemaOid: string): Promise<NamedObjects> => {
  const read = async (kind: keyof typeof NAMES) =>
    (await client.query<{ name: string }>(NAMES[kind], [schemaOid])).rows;
  return {
    views: await read('views'),
    functions: await read('functions'),
    types: await read('types'),
    triggers: await read('triggers'),
    policies: await read('policies'),
  };
};

/** Owners and those granted something, of the schema and of its tables, sequences, functions and types. */
const ROLES = `
  WITH acls AS (
    SELECT nspowner AS owner, nspacl AS acl FROM pg_catalog.pg_namespace WHERE oid = $1
    UNION ALL SELECT relowner, relacl FROM pg_catalog.pg_class WHERE relnamespace = $1
    UNION ALL SELECT proowner, proacl FROM pg_catalog.pg_proc WHERE pronamespace = $1
    UNION ALL SELECT typowner, typacl FROM pg_catalog.pg_type WHERE typnamespace = $1
    UNION ALL SELECT defaclrole, defaclacl FROM pg_catalog.pg_default_acl WHERE defaclnamespace = $1
    UNION ALL SELECT c.relowner, a.attacl FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = $1 AND a.attacl IS NOT NULL
  ), roles AS (
    SELECT owner AS oid FROM acls
    UNION SELECT entry.grantee FROM acls, pg_catalog.aclexplode(acls.acl) AS entry
    UNION SELECT polrole FROM pg_catalog.pg_policy p
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid, pg_catalog.unnest(p.polroles) AS polrole
      WHERE c.relnamespace = $1
  )
  SELECT r.rolname AS name FROM roles JOIN pg_catalog.pg_roles r ON r.oid = roles.oid ORDER BY 1`;

export const readRoles = async (client: pg.Client, schemaOid: string): Promise<string[]> =>
  (await client.query<{ name: string }>(ROLES, [schemaOid])).rows.map(({ name }) => name);
