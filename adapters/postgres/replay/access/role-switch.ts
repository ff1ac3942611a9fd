import type pg from 'pg';
import { DumpUnreadable } from '../../../../core/errors/restore.ts';
import type { TableName } from '../../../../core/restore.ts';
import { shown } from '../../sql/describe-statement.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import type { Run } from '../run-state.ts';

/**
 * Who owns what comes back. Rows are copied as the owner of their table, whom row security lets pass. Code of the tenant's is not left
 * to that: a function could reset its role (see tenant-code/).
 */
export interface OwnerFacts {
  readonly owner: string;
  readonly superuser: boolean;
  readonly schemaOwner: string;
  /** The owner may look into the schema already. */
  readonly enters: boolean;
  readonly fires: boolean;
  /** A table that holds rows itself, and that the transaction in progress has made or changed last. */
  readonly fresh: boolean;
  /** Columns that a row can give. */
  readonly columns: number;
}

const OF_RELATION = `
  SELECT r.rolname AS owner, r.rolsuper AS superuser, s.rolname AS "schemaOwner", pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS enters,
    c.relhasrules OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS fires,
    c.relkind = 'r' AND c.xmin = pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.xid AS fresh,
    (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
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
 * Whether a table's rows may come back frozen: it is one that this transaction has made.
 * @throws DumpUnreadable where something would run for them: pg_dump makes triggers and rules after the rows
 */
export const isFresh = (
  { bounds }: Run,
  table: TableName,
  { fires, fresh }: OwnerFacts,
): boolean => {
  if (fires) {
    throw new DumpUnreadable(
      `the rows of table ${shown(table)}`,
      'a trigger or a rule of the table stands before them',
    );
  }
  return fresh && bounds.made.has(shown(table));
};

/**
 * Who owns it; what the text gave to nobody becomes the schema's owner's, before any code of it runs.
 * @returns undefined where it is the restore role's own
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
 * Where names are looked for once code of the tenant's has run. An empty path would look into the session's temporary schema first, where
 * that code may have made a type named as one of PostgreSQL's, whose check then runs as the restore role.
 */
export const SAFE_PATH = 'pg_catalog, pg_temp';

/** Whatever the code has set in the session is as the text had it again. */
const backToSelf = ({ settings }: Run): string =>
  [
    `RESET ROLE; SET search_path = ${SAFE_PATH}; SET row_security = off`,
    ...['client_encoding', 'standard_conforming_strings'].flatMap((name) => {
      const value = settings.get(name);
      return value === undefined ? [] : [`SET ${name} = ${identifier(value)}`];
    }),
  ].join('; ');

/**
 * Executes as the owner of a table, where that is somebody else than the restore role.
 * @param found what stands there, where tenants are kept apart
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
