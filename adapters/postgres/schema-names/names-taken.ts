import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { TableName } from '../../../core/restore.ts';
import type { ChosenEntries } from '../../../core/restore-ports.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * Names in live schemas that chosen tables would take, and the objects that have them: a table's indexes and sequences keep their names
 * when the table is renamed, and move with it to another schema.
 */
type Made = NonNullable<ChosenEntries['makes']>;

/** A table's row type has the table's name, so an enum or a domain of that name conflicts with it. */
const TAKEN = `
  WITH wanted AS (
    SELECT * FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS w (kind, schema, name)
  ), taken AS (
    SELECT c.oid, c.relnamespace AS schema, c.relname AS name, c.relkind::text AS kind, COALESCE(
      (SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid = c.oid),
      (SELECT d.refobjid FROM pg_catalog.pg_depend d
        WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') LIMIT 1),
      c.oid) AS holder
    FROM wanted w JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name WHERE w.kind <> 'statistics'
  )
  SELECT n.nspname AS schema, t.name, t.kind, hn.nspname AS "holderSchema", h.relname AS "holderName", h.relkind::text AS "holderKind"
  FROM taken t JOIN pg_catalog.pg_namespace n ON n.oid = t.schema
  JOIN pg_catalog.pg_class h ON h.oid = t.holder JOIN pg_catalog.pg_namespace hn ON hn.oid = h.relnamespace
  UNION ALL
  SELECT n.nspname, t.typname, 'T', n.nspname, t.typname, 'T'
  FROM wanted w JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
  WHERE w.kind = 'table' AND t.typrelid = 0
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT n.nspname, s.stxname, 'X', n.nspname, s.stxname, 'X'
  FROM wanted w JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  JOIN pg_catalog.pg_statistic_ext s ON s.stxnamespace = n.oid AND s.stxname = w.name
  WHERE w.kind = 'statistics'
  ORDER BY 4, 5, 1, 2`;

/** By pg_class.relkind, and two kinds that are not relations: the readable name of the kind, and its ALTER. */
const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  f: 'foreign table',
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
  c: 'type',
  T: 'type',
  X: 'statistics',
  i: 'index',
  I: 'index',
};

interface Taken extends TableName {
  readonly kind: string;
  readonly holderSchema: string;
  readonly holderName: string;
  readonly holderKind: string;
}

const kindOf = (letter: string): string => KINDS[letter] ?? 'relation';

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Short enough for a name with its suffix. */
const awayName = (schema: string): string => {
  const kept = [...schema];
  while (Buffer.byteLength(kept.join('')) > 54) kept.pop();
  return `${kept.join('')}_damaged`;
};

const problemOf = (all: readonly Taken[]): string[] => {
  const [first] = all;
  if (!first) return [];
  const { holderSchema: schema, holderName: name, holderKind } = first;
  const kind = kindOf(holderKind);
  const held = all.filter((one) => one.schema !== schema || one.name !== name);
  const inTheWay =
    held.length < all.length
      ? 'already exists, and rows are never added to existing tables'
      : `has names that are needed (${held.map((one) => `${kindOf(one.kind)} ${quoted(one.name)}`).join(', ')})`;
  const away = identifier(awayName(schema));
  const move = `CREATE SCHEMA IF NOT EXISTS ${away}; ALTER ${kind.toUpperCase()} ${qualified(schema, name)} SET SCHEMA ${away}`;
  return [
    `${capitalized(kind)} ${quoted(`${schema}.${name}`)} ${inTheWay}: move it away with everything that belongs to it (${move}), or restore beside.`,
  ];
};

/** One line for each conflicting object, which says how to move it. */
export const namesTaken = async (
  client: pg.Client,
  tables: readonly TableName[],
  makes: Made = [],
): Promise<readonly string[]> => {
  const wanted = [...tables.map((one) => ({ ...one, kind: 'table' })), ...makes];
  const { rows } = await client.query<Taken>(TAKEN, [
    wanted.map(({ kind }) => kind),
    wanted.map(({ schema }) => schema),
    wanted.map(({ name }) => name),
  ]);
  const holders = new Map<string, Taken[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.holderKind, row.holderSchema, row.holderName]);
    holders.set(key, [...(holders.get(key) ?? []), row]);
  }
  return [...holders.values()].flatMap(problemOf);
};
