import type pg from 'pg';
import { identifier, qualified } from '../sql/identifiers.ts';
import { readCopiedOids } from './copied-oids.ts';
import { type CountingWays, wayOf } from './counting-methods.ts';
import type { SchemaOids } from './schema-contents.ts';
import { membersIn } from './schema-members.ts';

/**
 * Values that name objects: a column of type `regclass` and the like holds an oid, and a dump the name of the object with that oid. A
 * restore looks the name up, although no catalog shows that the row needs it.
 */
export interface NamedByValue {
  /** As text, such as `pg_catalog.pg_class`. */
  readonly catalog: string;
  readonly oid: string;
}

const CATALOGS: Readonly<Record<string, string>> = {
  regclass: 'pg_class',
  regproc: 'pg_proc',
  regprocedure: 'pg_proc',
  regtype: 'pg_type',
  regrole: 'pg_authid',
  regnamespace: 'pg_namespace',
  regconfig: 'pg_ts_config',
  regdictionary: 'pg_ts_dict',
  regcollation: 'pg_collation',
};

/** Columns of tables that have rows of their own, arrays among them. */
const COLUMNS = `
  SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, COALESCE(e.typname, t.typname) AS type, e.oid IS NOT NULL AS array
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
  WHERE a.attrelid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND COALESCE(e.typname, t.typname) = ANY ($2) AND COALESCE(e.typnamespace, t.typnamespace) = 'pg_catalog'::pg_catalog.regnamespace
  ORDER BY 1, 2, a.attnum`;

interface Column {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
  readonly type: string;
  readonly array: boolean;
}

/** If one column has more different names than this, they are not read: a restore that misses one reports it. */
const MOST = 1000;

const readOids = async (client: pg.Client, one: Column, ways: CountingWays): Promise<string[]> => {
  if (wayOf(ways, one).by === 'copy') return await readCopiedOids(client, one, MOST);
  const column = `t.${identifier(one.column)}`;
  const value = one.array ? `pg_catalog.unnest(${column})` : column;
  const { rows } = await client.query<{ oid: string }>(
    `SELECT DISTINCT v.value::pg_catalog.oid::text AS oid
    FROM ONLY ${qualified(one.schema, one.name)} AS t, LATERAL (SELECT ${value}) AS v (value) WHERE v.value IS NOT NULL LIMIT ${MOST}`,
  );
  return rows.map(({ oid }) => oid);
};

/** Like counting, it runs nothing of a tenant: see counting-methods.ts. */
export const readNamedByValue = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  ways: CountingWays,
): Promise<NamedByValue[]> => {
  const { rows } = await client.query<Column>(COLUMNS, [schemaOids, Object.keys(CATALOGS)]);
  const found: NamedByValue[] = [];
  for (const one of rows) {
    const catalog = `pg_catalog.${CATALOGS[one.type]}`;
    found.push(...(await readOids(client, one, ways)).map((oid) => ({ catalog, oid })));
  }
  return found;
};
