import type pg from 'pg';
import type { Inventory, ManifestSequence, ManifestTable } from '../../../core/manifest.ts';
import { atOnce } from '../session/pipelined-reads.ts';
import { qualified } from '../sql/identifiers.ts';
import { membersIn, typesIn } from './schema-members.ts';

/**
 * The contents of the schemas, read in the dump's snapshot. Objects that belong to an extension are left out, as in pg_dump: `CREATE
 * EXTENSION` creates them.
 */
export type SchemaOids = readonly string[];

export const NOT_OF_EXTENSION = (catalog: string, oid: string): string => `
  NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND e.objid = ${oid} AND e.deptype = 'e'
  )`;

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, c.oid::text AS oid,
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
    EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND i.inhdetachpending OFFSET 0) AS pending,
    pg_catalog.row_security_active(c.oid) AS hidden
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind IN ('r', 'p', 'f', 'm') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
  ORDER BY 1, 2`;

export interface TableFacts extends ManifestTable {
  readonly oid: string;
  /** False for a materialized view that was never refreshed: it can't be read. */
  readonly populated: boolean;
  /** Row security would hide rows from our role. */
  readonly hidden: boolean;
}

export const readTables = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<TableFacts[]> => {
  interface Row {
    readonly oid: string;
    readonly schema: string;
    readonly name: string;
    readonly kind: ManifestTable['kind'];
    readonly bytes: string;
    readonly populated: boolean;
    readonly pending: boolean;
    readonly hidden: boolean;
  }
  const found = await client.query<Row>(TABLES, [schemaOids]);
  return found.rows.map(({ pending, ...row }) => ({
    ...row,
    rows: null,
    bytes: Number(row.bytes),
    ...(pending && { detachPending: true }),
  }));
};

const SEQUENCES = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'S' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
  ORDER BY 1, 2`;

const SEQUENCES_AT_ONCE = 200;

type Name = Pick<ManifestSequence, 'schema' | 'name'>;

/** Sequences with their value and whether it was used. They are not transactional: one may be ahead of the snapshot. */
export const readSequences = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  isWanted: (sequence: Name) => boolean = () => true,
): Promise<ManifestSequence[]> => {
  const names = (await client.query<Name>(SEQUENCES, [schemaOids])).rows.filter(isWanted);
  const all: ManifestSequence[] = [];
  for (let from = 0; from < names.length; from += SEQUENCES_AT_ONCE) {
    const some = names.slice(from, from + SEQUENCES_AT_ONCE);
    const selects = some.map(
      ({ schema, name }, i) =>
        `SELECT ${i} AS i, last_value::text AS value, is_called AS called FROM ${qualified(schema, name)}`,
    );
    const found = await client.query<{ value: string; called: boolean }>(
      `${selects.join(' UNION ALL ')} ORDER BY i`,
    );
    some.forEach(({ schema, name }, i) => {
      const { value = '', called = false } = found.rows[i] ?? {};
      all.push({ schema, name, value, called });
    });
  }
  return all;
};

/** One name for each, as SQL writes it. */
const NAMES = {
  views: `SELECT n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'v' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
    ORDER BY 1, 2`,
  functions: `SELECT n.nspname AS schema,
      pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc')})) AND ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}
    ORDER BY 1, 2`,
  types: `SELECT n.nspname AS schema, t.typname AS name
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE t.oid = ANY (ARRAY(${membersIn('pg_type')}))
      AND (
        t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c'
        OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid OFFSET 0)
      )
      AND ${NOT_OF_EXTENSION('pg_type', 't.oid')}
    ORDER BY 1, 2`,
  triggers: `SELECT n.nspname AS schema, pg_catalog.format('%I ON %I', g.tgname, c.relname) AS name
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE g.tgrelid = ANY (ARRAY(${membersIn('pg_class')})) AND NOT g.tgisinternal
    ORDER BY 1, 2`,
  policies: `SELECT n.nspname AS schema, pg_catalog.format('%I ON %I', p.polname, c.relname) AS name
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE p.polrelid = ANY (ARRAY(${membersIn('pg_class')}))
    ORDER BY 1, 2`,
} as const;

export type NamedObjects = Pick<Inventory, keyof typeof NAMES>;

export const readNames = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<NamedObjects> => {
  const read = async (kind: keyof typeof NAMES) =>
    (await client.query<Name>(NAMES[kind], [schemaOids])).rows;
  const [views, functions, types, triggers, policies] = await atOnce(
    client,
    () => read('views'),
    () => read('functions'),
    () => read('types'),
    () => read('triggers'),
    () => read('policies'),
  );
  return { views, functions, types, triggers, policies };
};

const ONLY_OWNED = [
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_conversion', 'conowner'],
  ['pg_statistic_ext', 'stxowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_ts_dict', 'dictowner'],
] as const;

/**
 * Owners, grantees and grantors of the schema and all its objects. A grant by another role than the owner is restored in that role's name,
 * so the role must exist too.
 */
const ROLES = `
  WITH acls AS (
    SELECT nspowner AS owner, nspacl AS acl FROM pg_catalog.pg_namespace WHERE oid = ANY ($1)
    UNION ALL SELECT relowner, relacl FROM pg_catalog.pg_class WHERE oid = ANY (ARRAY(${membersIn('pg_class')}))
    UNION ALL SELECT proowner, proacl FROM pg_catalog.pg_proc WHERE oid = ANY (ARRAY(${membersIn('pg_proc')}))
    UNION ALL SELECT typowner, typacl FROM pg_catalog.pg_type WHERE oid = ANY (ARRAY(${typesIn()}))
    UNION ALL SELECT defaclrole, defaclacl FROM pg_catalog.pg_default_acl WHERE oid = ANY (ARRAY(${membersIn('pg_default_acl')}))
    ${ONLY_OWNED.map(([name, owner]) => `UNION ALL SELECT ${owner}, NULL FROM pg_catalog.${name} WHERE oid = ANY (ARRAY(${membersIn(name)}))`).join('\n    ')}
    UNION ALL SELECT c.relowner, a.attacl FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class')})) AND a.attacl IS NOT NULL
  ), roles AS (
    SELECT owner AS oid FROM acls
    UNION SELECT entry.grantee FROM acls, pg_catalog.aclexplode(acls.acl) AS entry
    UNION SELECT entry.grantor FROM acls, pg_catalog.aclexplode(acls.acl) AS entry
    UNION SELECT polrole FROM pg_catalog.pg_policy p
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid, pg_catalog.unnest(p.polroles) AS polrole
      WHERE p.polrelid = ANY (ARRAY(${membersIn('pg_class')}))
  )
  SELECT r.name FROM roles, LATERAL (SELECT r.rolname AS name FROM pg_catalog.pg_roles r WHERE r.oid = roles.oid OFFSET 0) r ORDER BY 1`;

export const readRoles = async (client: pg.Client, schemaOids: SchemaOids): Promise<string[]> =>
  (await client.query<{ name: string }>(ROLES, [schemaOids])).rows.map(({ name }) => name);
