import pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { RestoreRefused } from '../../../core/errors/restore.ts';
import { sha256Hex } from '../../../core/ids.ts';
import type { SchemaPlace, TableName } from '../../../core/restore.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { namesTaken } from './names-taken.ts';

/**
 * Schema names within one transaction: live schemas are set aside, so that the backup is restored under its own names, and all get their
 * final names before any other session sees them. ALTER SCHEMA RENAME takes no lock on tables.
 */
const THERE = 'SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)';

export const schemasThere = async (
  client: pg.Client,
  names: readonly string[],
): Promise<ReadonlySet<string>> => {
  const found = await client.query<{ name: string }>(THERE, [names]);
  return new Set(found.rows.map(({ name }) => name));
};

/** By name. */
export type Oids = ReadonlyMap<string, string>;

/** OIDs of schemas, which a rename does not change. */
export const schemaOids = async (client: pg.Client, names: readonly string[]): Promise<Oids> => {
  const found = await client.query<{ name: string; oid: string }>(
    'SELECT nspname AS name, oid::pg_catalog.text AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)',
    [names],
  );
  return new Map(found.rows.map(({ name, oid }) => [name, oid]));
};

/** @throws RestoreRefused if a wanted name is taken */
export const refuseTaken = async (
  client: pg.Client,
  places: readonly SchemaPlace[],
): Promise<void> => {
  const taken = await schemasThere(
    client,
    places.map(({ to }) => to),
  );
  if (taken.size) {
    throw new RestoreRefused(
      [...taken].map(
        (name) =>
          `Schema ${quoted(name)} already exists, and a restore replaces nothing: choose another name.`,
      ),
    );
  }
};

const TABLES_THERE = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS wanted (schema, name)
    ON wanted.schema = n.nspname AND wanted.name = c.relname`;

/** Rows are never added to existing tables. @throws RestoreRefused */
export const refuseTablesThere = async (
  client: pg.Client,
  tables: readonly TableName[],
): Promise<void> => {
  const problems = await namesTaken(client, tables);
  if (problems.length) throw new RestoreRefused(problems);
};

/** Those of the names that a table, a sequence or another relation has. */
export const tablesThere = async (
  client: pg.Client,
  tables: readonly TableName[],
): Promise<readonly TableName[]> =>
  (
    await client.query<TableName>(TABLES_THERE, [
      tables.map(({ schema }) => schema),
      tables.map(({ name }) => name),
    ])
  ).rows;

export const renameSchema = async (client: pg.Client, { from, to }: SchemaPlace): Promise<void> => {
  if (from === to) return;
  await client.query(`ALTER SCHEMA ${identifier(from)} RENAME TO ${identifier(to)}`);
};

/** Temporary names within the transaction. No existing schema has such a name: they contain the restore's id. */
export const asideName = (restoreId: string, index: number): string =>
  `larder_aside_${sha256Hex(restoreId).slice(0, 12)}_${index}`;

/** A pattern of those names, for PostgreSQL. */
export const ASIDE = '^larder_aside_[0-9a-f]{12}_';

export interface MovedExtension {
  readonly name: string;
  readonly schema: string;
}

const EXTENSIONS_IN = `
  SELECT e.extname AS name, n.nspname AS schema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE n.nspname = ANY ($1) ORDER BY 1`;

export const extensionsIn = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<readonly MovedExtension[]> =>
  (await client.query<MovedExtension>(EXTENSIONS_IN, [schemas])).rows;

export const setSchemaComment = async (
  client: pg.Client,
  schema: string,
  comment: string | undefined,
): Promise<void> => {
  await client.query(commentSql(`SCHEMA ${identifier(schema)}`, comment));
};

export const setTableComment = async (
  client: pg.Client,
  { schema, name }: TableName,
  comment: string | undefined,
): Promise<void> => {
  await client.query(commentSql(`TABLE ${qualified(schema, name)}`, comment));
};

/** COMMENT takes no parameters. */
export const commentSql = (object: string, comment: string | undefined): string =>
  `COMMENT ON ${object} IS ${comment === undefined ? 'NULL' : pg.escapeLiteral(comment)}`;

/** A comment, and the OID of the object that has it. */
export interface ObjectComment {
  readonly oid: string;
  readonly comment: string | null;
}

const COMMENTS = `
  SELECT nspname AS schema, oid::pg_catalog.text AS oid, pg_catalog.obj_description(oid, 'pg_namespace') AS comment
  FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)`;

export const schemaComments = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, ObjectComment>> => {
  const found = await client.query<ObjectComment & { schema: string }>(COMMENTS, [schemas]);
  return new Map(found.rows.map(({ schema, ...said }) => [schema, said]));
};

const TABLE_COMMENT = `
  SELECT c.oid::pg_catalog.text AS oid, pg_catalog.obj_description(c.oid, 'pg_class') AS comment
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2`;

export const tableComment = async (
  client: pg.Client,
  { schema, name }: TableName,
): Promise<ObjectComment | undefined> =>
  (await client.query<ObjectComment>(TABLE_COMMENT, [schema, name])).rows[0];
