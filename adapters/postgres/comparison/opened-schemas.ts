import type pg from 'pg';
import { tableKey } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { identifier, qualified } from '../sql/identifiers.ts';

/**
 * Lets the session's role read what it has restored: owners may have revoked their own rights, or have hidden rows even from themselves.
 * All of it is rolled back.
 */
const CLOSED = `
  SELECT (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = c.relnamespace) AS schema, c.relname AS name, c.relkind = 'S' AS sequence,
    c.relrowsecurity AND c.relforcerowsecurity AND NOT COALESCE((SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false) AS forced,
    NOT pg_catalog.has_table_privilege(c.oid, 'SELECT') AS unreadable,
    NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS shut
  FROM pg_catalog.pg_class c
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind IN ('r', 'p', 'm', 'S')`;

interface Closed extends TableName {
  readonly sequence: boolean;
  readonly forced: boolean;
  readonly unreadable: boolean;
  readonly shut: boolean;
}

/** Sequences that tables own. */
const OWNED = `
  SELECT tn.nspname AS "tableSchema", t.relname AS "tableName", n.nspname AS schema, s.relname AS name
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND d.refobjid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)}))`;

export type IsRestored = (name: TableName) => boolean;

/** These tables and the sequences that they own, in schemas that also hold others' relations. */
export const restoredAmong = async (
  client: pg.Client,
  schemas: readonly string[],
  tables: readonly TableName[],
): Promise<IsRestored> => {
  type Owned = TableName & { readonly tableSchema: string; readonly tableName: string };
  const ours = new Set(tables.map(({ schema, name }) => tableKey(schema, name)));
  for (const one of (await client.query<Owned>(OWNED, [schemas])).rows) {
    if (ours.has(tableKey(one.tableSchema, one.tableName)))
      ours.add(tableKey(one.schema, one.name));
  }
  return ({ schema, name }) => ours.has(tableKey(schema, name));
};

const open = async (
  client: pg.Client,
  schemas: readonly string[],
  isRestored: IsRestored,
): Promise<void> => {
  const found = (await client.query<Closed>(CLOSED, [schemas])).rows.filter(isRestored);
  for (const schema of new Set(found.filter(({ shut }) => shut).map((one) => one.schema))) {
    await client.query(`GRANT USAGE ON SCHEMA ${identifier(schema)} TO current_user`);
  }
  for (const { schema, name, sequence, forced, unreadable } of found) {
    const table = qualified(schema, name);
    if (unreadable)
      await client.query(`GRANT SELECT ON ${sequence ? 'SEQUENCE ' : ''}${table} TO current_user`);
    if (forced) await client.query(`ALTER TABLE ONLY ${table} NO FORCE ROW LEVEL SECURITY`);
  }
};

const SAVEPOINT = 'larder_compare';

/** Reads the schemas in the caller's transaction, and undoes its own changes there. @param isRestored others' relations are not opened */
export const whileOpen = async <T>(
  client: pg.Client,
  schemas: readonly string[],
  isRestored: IsRestored,
  read: () => Promise<T>,
): Promise<T> => {
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  await open(client, schemas, isRestored);
  const result = await read();
  await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
  return result;
};
