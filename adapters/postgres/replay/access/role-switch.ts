import type pg from 'pg';
import { DumpUnreadable } from '../../../../core/errors/restore.ts';
import type { TableName } from '../../../../core/restore.ts';
import { shown } from '../../sql/describe-statement.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import type { Run } from '../run-state.ts';

/**
 * Owners of restored objects. Rows are copied as the owner of their table, because row security lets the owner pass. That does not
 * suffice for tenant code: a function could reset its role (see tenant-code/).
 */
export interface OwnerFacts {
  readonly owner: string;
  readonly superuser: boolean;
  readonly schemaOwner: string;
  /** The owner already has USAGE on the schema. */
  readonly enters: boolean;
  readonly fires: boolean;
  /** A table that stores rows itself, and that the current transaction created or changed last. */
  readonly fresh: boolean;
  /** Columns that can get a value from a row. */
  readonly columns: number;
  /** The table itself, if it is foreign, or its first foreign partition, as SQL names it. */
  readonly foreign?: string | null;
}

const OF_RELATION = `
  SELECT r.rolname AS owner, r.rolsuper AS superuser, s.rolname AS "schemaOwner", pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS enters,
    c.relhasrules OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS fires,
    c.relkind = 'r' AND c.xmin = pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.xid AS fresh,
    (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    CASE c.relkind WHEN 'f' THEN pg_catalog.format('%I.%I', n.nspname, c.relname) WHEN 'p' THEN (
      SELECT pg_catalog.format('%I.%I', fn.nspname, f.relname) FROM pg_catalog.pg_partition_tree(c.oid) t
      JOIN pg_catalog.pg_class f ON f.oid = t.relid AND f.relkind = 'f' JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace ORDER BY 1 LIMIT 1) END AS "foreign"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner JOIN pg_catalog.pg_roles s ON s.oid = n.nspowner
  WHERE n.nspname = $1 AND c.relname = $2`;

const OF_DOMAIN = `
  SELECT r.rolname AS owner, r.rolsuper AS superuser, s.rolname AS "schemaOwner", pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS enters, false AS fires, false AS fresh, 0 AS columns
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = t.typowner JOIN pg_catalog.pg_roles s ON s.oid = n.nspowner
  WHERE n.nspname = $1 AND t.typname = $2`;

const OF_SCHEMA = `
  SELECT r.rolname AS owner, r.rolsuper AS superuser, r.rolname AS "schemaOwner", true AS enters, false AS fires, false AS fresh, 0 AS columns
  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname = $1 AND n.nspname = $2`;

/** A schema is its own: `schema` and `name` are the same. */
export type OwnedObject = TableName & { readonly what: 'table' | 'index' | 'domain' | 'schema' };

const QUERIES = {
  table: OF_RELATION,
  index: OF_RELATION,
  domain: OF_DOMAIN,
  schema: OF_SCHEMA,
} as const;

export const readOwnerFacts = async (
  client: pg.Client,
  one: OwnedObject,
): Promise<OwnerFacts | undefined> =>
  (await client.query<OwnerFacts>(QUERIES[one.what], [one.schema, one.name])).rows[0];

/**
 * True if a table's rows may be written frozen: this transaction created the table.
 * @throws DumpUnreadable if a trigger or rule would run for the rows: pg_dump creates both after the rows
 */
export const isFresh = (
  { bounds }: Run,
  table: TableName,
  { fires, fresh }: OwnerFacts,
): boolean => {
  if (fires) {
    throw new DumpUnreadable(
      `the rows of table ${shown(table)}`,
      'a trigger or a rule of the table precedes them',
    );
  }
  return fresh && bounds.made.has(shown(table));
};

/**
 * The owner of an object. If the backup's SQL sets no owner, the object gets the schema's owner
 * before any of its code runs.
 * @returns undefined if the restore role itself owns it
 */
export const ownerOf = async (
  run: Run,
  one: OwnedObject,
  known?: OwnerFacts,
): Promise<OwnerFacts | undefined> => {
  const { client, self, request, ours } = run;
  const found = known ?? (await readOwnerFacts(client, one));
  if (!found || found.owner !== self) return found;
  const { schemaOwner } = found;
  const isGiven = request.owners === 'drop' || ours.has(shown(one)) || schemaOwner === self;
  if (isGiven || one.what === 'schema' || one.what === 'index') return undefined;
  if (!(await run.findRole(schemaOwner))?.mayOwn) return undefined;
  await client.query(
    `ALTER ${one.what === 'domain' ? 'DOMAIN' : 'TABLE'} ${qualified(one.schema, one.name)} OWNER TO ${identifier(schemaOwner)}`,
  );
  run.ownerless.set(shown(one), {
    what: `the owner of ${one.what} ${shown(one)}`,
    why: `the backup names none: it is the schema's owner's`,
  });
  return { ...found, owner: schemaOwner, enters: true };
};

/**
 * The search_path after tenant code has run. With an empty path PostgreSQL would search the session's temporary schema first. The code
 * may have created a type there with the name of a built-in type, whose check would then run as the restore role.
 */
export const SAFE_PATH = 'pg_catalog, pg_temp';

/** Restores the session settings that the code may have changed to the values that the backup's SQL had set. */
const backToSelf = ({ settings }: Run): string =>
  [
    `RESET ROLE; SET search_path = ${SAFE_PATH}; SET row_security = off`,
    ...['client_encoding', 'standard_conforming_strings'].flatMap((name) => {
      const value = settings.get(name);
      return value === undefined ? [] : [`SET ${name} = ${identifier(value)}`];
    }),
  ].join('; ');

/**
 * Executes as the owner of a table, if that is not the restore role.
 * @param found the existing object's owner, if tenants are separated
 */
export const asOwner = async <T>(
  run: Run,
  one: OwnedObject,
  found: OwnerFacts | undefined,
  execute: () => Promise<T>,
): Promise<T> => {
  const { client } = run;
  const ownerFacts = found && (await ownerOf(run, one, found));
  if (!ownerFacts) return await execute();
  const { owner, enters } = ownerFacts;
  const right = `USAGE ON SCHEMA ${identifier(one.schema)}`;
  if (!enters) await client.query(`GRANT ${right} TO ${identifier(owner)}`);
  await client.query(`SET LOCAL ROLE ${identifier(owner)}`);
  const result = await execute();
  await client.query(backToSelf(run));
  if (!enters) await client.query(`REVOKE ${right} FROM ${identifier(owner)}`);
  return result;
};
