import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { Outside } from '../../../core/manifest.ts';
import { readOutside } from '../inventory/outside.ts';
import { ASIDE } from './places.ts';

/** What of a restored schema reaches beyond it: objects of others that its own depend on, and functions that ran in the restore. */
const OIDS = `
  SELECT pg_catalog.array_agg(oid::text) AS oids FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)`;

const oidsOf = async (client: pg.Client, schemas: readonly string[]): Promise<string[]> =>
  (await client.query<{ oids: string[] | null }>(OIDS, [schemas])).rows[0]?.oids ?? [];

/** What the schemas need of others, each as `kind name`. What an extension brought is there for everybody. */
export const reachesOf = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, Outside>> => {
  const oids = await oidsOf(client, schemas);
  const found = oids.length ? await readOutside(client, oids) : [];
  return new Map(
    found.filter(({ kind }) => kind !== 'extension').map((one) => [`${one.kind} ${one.name}`, one]),
  );
};

/**
 * A view, a default or a trigger that was not in the schema could read another tenant's tables: an honest backup's manifest lists
 * all that its objects need outside. @throws DumpUnreadable
 */
export const refuseReaches = async (
  client: pg.Client,
  schemas: readonly string[],
  known: ReadonlySet<string>,
): Promise<void> => {
  for (const [key, { kind, name, neededBy }] of await reachesOf(client, schemas)) {
    if (known.has(key)) continue;
    throw new DumpUnreadable(
      `${quoted(neededBy[0] ?? '')}`,
      `it needs the ${kind} ${name}, which the manifest does not list among what the backup needs outside`,
    );
  }
};

/** Expressions that are evaluated for rows, by which PostgreSQL does not give up the caller's rights as it does for an index's. */
const CALLED = `
  WITH owners AS (
    -- What is live stands aside meanwhile.
    SELECT nspowner AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) OR nspname ~ '${ASIDE}'
    UNION SELECT c.relowner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1)
  ), parts AS (
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass AS classid, k.oid, k.connamespace AS schema
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'c'
    UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, c.relnamespace
      FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attgenerated <> ''
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, c.relnamespace FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p')
    UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typnamespace FROM pg_catalog.pg_type t
  )
  SELECT ARRAY(
      SELECT DISTINCT pg_catalog.format('%I.%I', f.nspname, p.proname)
      FROM parts JOIN pg_catalog.pg_namespace n ON n.oid = parts.schema AND n.nspname = ANY ($1)
      JOIN pg_catalog.pg_depend d ON d.classid = parts.classid AND d.objid = parts.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
      JOIN pg_catalog.pg_namespace f ON f.oid = p.pronamespace AND f.nspname <> 'pg_catalog'
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e')
      ORDER BY 1
    ) AS functions,
    ARRAY(
      SELECT DISTINCT r.rolname::text
      FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
      WHERE n.nspname <> ALL ($1) AND n.nspname !~ '${ASIDE}' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND r.rolname !~ '^pg_'
        AND r.rolname <> current_user AND r.oid NOT IN (SELECT oid FROM owners) AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
      ORDER BY 1
    ) AS others, current_user::text AS self,
    EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) AND nspowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)) AS own`;

const NAMED = 5;
const some = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).map(quoted).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

/** Functions that ran with a session behind them that may do more than their owner. */
export const codeWarnings = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<string[]> => {
  interface Row {
    readonly functions: string[];
    readonly others: string[];
    readonly self: string;
    /** The restore role owns the schemas. */
    readonly own: boolean;
  }
  const [row] = (await client.query<Row>(CALLED, [schemas])).rows;
  if (!row?.functions.length || !row.others.length) return [];
  const whose = row.own ? 'They ran' : 'One that resets its role acts';
  return [
    `Functions of the tenant's own run while its rows come back: ${some(row.functions)}. ${whose} with the rights of ${quoted(row.self)}, which is a member of owners of other schemas: ${some(row.others)}. docs/roles.md says how to keep tenants apart.`,
  ];
};
