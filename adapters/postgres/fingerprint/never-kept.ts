import type pg from 'pg';
import { FIRST_NORMAL_OID } from '../catalog/outside-dependencies.ts';
import { catalog, INNER_TYPES } from './catalogs.ts';
import { OWN } from './schema-fingerprint.ts';

/**
 * Schemas whose fingerprint does not tell all on which their dump depends. What makes them so is itself in the fingerprint, so this need
 * only be asked when something is about to be kept.
 *
 * - `parts-elsewhere`: tables with parents or partitions in other schemas. pg_dump writes what columns have beyond their parents', and the
 *   parents' defaults and constraints are not in the fingerprint.
 * - `names-in-values`: a constant of a type such as `regclass[]` or `aclitem`, whose text has names of objects or roles, for which there is no
 *   dependency. A single `regclass` has one.
 */
export type NeverKept = 'parts-elsewhere' | 'names-in-values';

const PARTS_ELSEWHERE = `
  SELECT FROM own
  JOIN pg_catalog.pg_inherits i ON i.inhrelid = own.objid
  WHERE own.classid = ${catalog('pg_class')}
    AND NOT EXISTS (SELECT FROM own AS p WHERE p.classid = ${catalog('pg_class')} AND p.objid = i.inhparent)
  UNION ALL
  SELECT FROM own
  JOIN pg_catalog.pg_class c ON c.oid = own.objid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE own.classid = ${catalog('pg_class')} AND n.nspname <> ALL ($1) AND n.nspname <> 'pg_toast'`;

/** Catalogs that hold expressions: the catalog, the column with the object's OID, the object's catalog, the expressions. */
const EXPRESSIONS: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['pg_attrdef', 'oid', 'pg_attrdef', ['adbin']],
  ['pg_constraint', 'oid', 'pg_constraint', ['conbin']],
  ['pg_rewrite', 'oid', 'pg_rewrite', ['ev_qual', 'ev_action']],
  ['pg_policy', 'oid', 'pg_policy', ['polqual', 'polwithcheck']],
  ['pg_proc', 'oid', 'pg_proc', ['proargdefaults', 'prosqlbody']],
  ['pg_trigger', 'oid', 'pg_trigger', ['tgqual']],
  ['pg_statistic_ext', 'oid', 'pg_statistic_ext', ['stxexprs']],
  ['pg_type', 'oid', 'pg_type', ['typdefaultbin']],
  ['pg_class', 'oid', 'pg_class', ['relpartbound']],
  ['pg_index', 'indexrelid', 'pg_class', ['indexprs', 'indpred']],
  ['pg_partitioned_table', 'partrelid', 'pg_class', ['partexprs']],
];

const TREES = EXPRESSIONS.map(
  ([name, column, whole, trees]) => `
    SELECT pg_catalog.concat_ws(' ', ${trees.map((tree) => `c.${tree}::pg_catalog.text`).join(', ')}) AS tree
    FROM own JOIN pg_catalog.${name} c ON c.${column} = own.objid WHERE own.classid = ${catalog(whole)}`,
).join(' UNION ALL ');

/** Types of constants, with all that these are made of. For single OIDs with a name there is a dependency. */
const CONSTANTS = `
  constants (oid) AS (
    SELECT DISTINCT found[1]::pg_catalog.oid
    FROM (${TREES}) AS trees, pg_catalog.regexp_matches(tree, ':consttype (\\d+)', 'g') AS found
  ), made (oid) AS (
    SELECT t.oid FROM constants JOIN pg_catalog.pg_type t ON t.oid = constants.oid
    WHERE NOT (t.oid < ${FIRST_NORMAL_OID} AND t.typname ~ '^reg')
    UNION
    SELECT inner_type.oid
    FROM made JOIN pg_catalog.pg_type t ON t.oid = made.oid
    CROSS JOIN LATERAL (${INNER_TYPES}
    ) AS inner_type (oid)
    WHERE inner_type.oid <> 0
  )`;

const NAMES_IN_VALUES = `
  SELECT FROM made JOIN pg_catalog.pg_type t ON t.oid = made.oid
  WHERE t.oid < ${FIRST_NORMAL_OID} AND (t.typname ~ '^reg' OR t.typname = 'aclitem')`;

const NEVER_KEPT = `
  WITH RECURSIVE ${OWN}, ${CONSTANTS}
  SELECT CASE WHEN EXISTS (${PARTS_ELSEWHERE}) THEN 'parts-elsewhere' WHEN EXISTS (${NAMES_IN_VALUES}) THEN 'names-in-values' END AS reason`;

/** Undefined for what may be kept. */
export const readNeverKept = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<NeverKept | undefined> => {
  const { rows } = await client.query<{ reason: NeverKept | null }>(NEVER_KEPT, [schemas]);
  return rows[0]?.reason ?? undefined;
};
