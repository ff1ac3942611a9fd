import type pg from 'pg';
import type { TableName } from '../../../core/restore.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { shown } from '../sql/describe-statement.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * Generated columns and the statements that stop computing them. No backup contains their values: PostgreSQL computes them while the rows
 * are loaded. If it can no longer compute an expression, it refuses the rows.
 */
export interface GeneratedColumn extends TableName {
  readonly column: string;
  /** A virtual one (PostgreSQL 18) is computed while rows are loaded only if it is NOT NULL. */
  readonly stored: boolean;
}

const COLUMNS = `
  SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, a.attgenerated = 's' AS stored
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind IN ('r', 'p') AND (a.attgenerated = 's' OR a.attgenerated = 'v' AND a.attnotnull)
  ORDER BY c.oid, a.attnum`;

/** Generated columns that are computed while rows are loaded. Key: their table, as `shown`. */
export const readGenerated = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, readonly GeneratedColumn[]>> => {
  const { rows } = await client.query<GeneratedColumn>(COLUMNS, [schemas]);
  return Map.groupBy(rows, (one) => shown(one));
};

/**
 * The column in one table of its inheritance family: the tables that it is inherited from, and all tables that
 * inherit it from them.
 */
export interface Relative extends TableName {
  /** Number of levels above the table; null if the table does not inherit the column from it. */
  readonly above: number | null;
  /** The column is inherited from no other table. */
  readonly root: boolean;
  /** Inherits the column from the table. */
  readonly below: boolean;
  readonly notNull: boolean;
  /** Of a NOT NULL constraint (PostgreSQL 18). */
  readonly notNullName: string | null;
  readonly expression: string;
  /** With its collation, if that differs from the type's. */
  readonly type: string;
  readonly bare: string;
  /** What a domain is made of that does not accept NULL; null for other types. */
  readonly strictBase: string | null;
}

const HAS_IT = (table: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_attribute g WHERE g.attrelid = ${table} AND g.attname = $3 AND g.attgenerated <> '' AND NOT g.attisdropped)`;

/** A domain of a domain accepts NULL only if both do. */
const STRICT_BASE = `(WITH RECURSIVE d AS (
      SELECT y.oid, y.typbasetype, y.typtypmod, y.typnotnull FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid AND y.typtype = 'd'
      UNION ALL SELECT y.oid, y.typbasetype, y.typtypmod, y.typnotnull FROM d JOIN pg_catalog.pg_type y ON y.oid = d.typbasetype AND y.typtype = 'd'
    ) SELECT pg_catalog.format_type(d.typbasetype, d.typtypmod) FROM d
    WHERE (SELECT pg_catalog.bool_or(e.typnotnull) FROM d e) AND NOT EXISTS (SELECT FROM d e WHERE e.oid = d.typbasetype))`;

const FAMILY = `
  WITH RECURSIVE above AS (
    SELECT c.oid, 0 AS depth FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
    UNION ALL SELECT i.inhparent, above.depth + 1 FROM above JOIN pg_catalog.pg_inherits i ON i.inhrelid = above.oid WHERE ${HAS_IT('i.inhparent')}
  ), roots AS (
    SELECT DISTINCT above.oid FROM above
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = above.oid AND ${HAS_IT('i.inhparent')})
  ), tree AS (
    SELECT oid FROM roots UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  ), below AS (
    SELECT oid FROM above WHERE depth = 0 UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid
  )
  SELECT n.nspname AS schema, c.relname AS name, (SELECT pg_catalog.max(depth) FROM above WHERE oid = c.oid) AS above,
    c.oid IN (SELECT oid FROM roots) AS root, c.oid IN (SELECT oid FROM below) AS below, a.attnotnull AS "notNull",
    (SELECT k.conname FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum) AS "notNullName",
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, f.type AS bare,
    f.type || CASE WHEN a.attcollation <> t.typcollation THEN (SELECT pg_catalog.format(' COLLATE %I.%I', s.nspname, o.collname)
      FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace s ON s.oid = o.collnamespace WHERE o.oid = a.attcollation) ELSE '' END AS type, ${STRICT_BASE} AS "strictBase"
  FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND a.attgenerated <> '' AND NOT a.attisdropped
  JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum JOIN pg_catalog.pg_type t ON t.oid = a.atttypid,
  LATERAL (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) AS type) f
  ORDER BY 3 DESC NULLS LAST, c.oid`;

const VERSION = `SELECT pg_catalog.current_setting('server_version_num')::int >= 170000 AS sets`;

/** Statements that stop the computation of a column, and those that start it again. */
export interface Uncomputed {
  readonly stops: readonly string[];
  readonly starts: readonly string[];
  /** Tables whose column has changed. */
  readonly changed: readonly TableName[];
}

const altering = ({ schema, name }: TableName, action: string): string =>
  `ALTER TABLE ${qualified(schema, name)} ${action}`;

const notNullAgain = (one: Relative, column: string): string =>
  one.root && one.notNullName !== null
    ? altering(one, `ADD CONSTRAINT ${identifier(one.notNullName)} NOT NULL ${column}`)
    : altering(one, `ALTER COLUMN ${column} SET NOT NULL`);

/**
 * SET EXPRESSION keeps the column a generated one, but needs PostgreSQL 17. Before 17 the column becomes an ordinary one in the whole
 * family; only a new column can be a generated one again. The same is done if its type is a domain that does not accept NULL: the column gets
 * the type that the domain is made of. A column that a table inherits loses its NOT NULL only in that table.
 */
export const uncomputed = async (
  client: pg.Client,
  { schema, name, column, stored }: GeneratedColumn,
): Promise<Uncomputed> => {
  const family = (await client.query<Relative>(FAMILY, [schema, name, column])).rows;
  const sets = (await client.query<{ sets: boolean }>(VERSION)).rows[0]?.sets === true;
  const own = family.find((one) => one.above === 0);
  if (!own) throw new Error('a generated column is no longer there');
  const quotedColumn = identifier(column);
  const roots = family.filter(({ root }) => root);
  const strict = family.filter(({ above, notNull }) => above !== null && notNull);
  const loose = strict.map((one) => altering(one, `ALTER COLUMN ${quotedColumn} DROP NOT NULL`));
  const strictAgain = strict.map((one) => notNullAgain(one, quotedColumn));
  const namesOf = (all: readonly Relative[]): TableName[] =>
    all.map((one) => ({ schema: one.schema, name: one.name }));
  if (!stored) return { stops: loose, starts: strictAgain, changed: namesOf(family) };
  const { strictBase } = own;
  if (sets && strictBase === null) {
    const isSame = family.every(({ expression }) => expression === own.expression);
    return {
      stops: [
        ...loose,
        altering(own, `ALTER COLUMN ${quotedColumn} SET EXPRESSION AS (NULL::${own.bare})`),
      ],
      starts: [
        // An index of a partition cannot be created again alone once it is part of its parent's
        // index.
        ...(isSame ? roots : [own]).map((one) =>
          altering(one, `ALTER COLUMN ${quotedColumn} SET EXPRESSION AS (${own.expression})`),
        ),
        ...strictAgain,
      ],
      changed: namesOf(strict.length ? family : family.filter(({ below }) => below)),
    };
  }
  return {
    stops: [
      ...loose,
      ...roots.map((one) => altering(one, `ALTER COLUMN ${quotedColumn} DROP EXPRESSION`)),
      ...(strictBase === null
        ? []
        : roots.map((one) => altering(one, `ALTER COLUMN ${quotedColumn} TYPE ${strictBase}`))),
    ],
    starts: [
      ...roots.map((one) => altering(one, `DROP COLUMN ${quotedColumn}`)),
      ...roots.map((one) =>
        altering(
          one,
          `ADD COLUMN ${quotedColumn} ${one.type} GENERATED ALWAYS AS (${one.expression}) STORED`,
        ),
      ),
      ...strictAgain,
    ],
    changed: namesOf(family),
  };
};
