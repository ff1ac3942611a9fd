import type pg from 'pg';
import type { TableName } from '../../../core/restore.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { sendAlone } from '../replay/foreign-keys/key-statement.ts';
import { validate } from '../replay/foreign-keys/partition-keys.ts';
import { sendRestricted } from '../replay/tenant-code/security-restricted.ts';
import { isLost } from '../session/server-messages.ts';
import { qualified } from '../sql/identifiers.ts';
import { type KeyOptions, patiently, type Send } from './short-transaction.ts';

const OWNER = `
  SELECT r.rolname AS owner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner WHERE n.nspname = $1 AND c.relname = $2 AND NOT r.rolsuper AND r.rolname <> current_user`;

/** @returns the owner of a table; undefined for the session's own role and a superuser */
export const otherOwner = async (
  client: pg.Client,
  { schema, name }: TableName,
): Promise<string | undefined> =>
  (await client.query<{ owner: string }>(OWNER, [schema, name])).rows[0]?.owner;

/** The table and the tables below it, whose policies apply to its owner too. */
const FORCED = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relrowsecurity AND c.relforcerowsecurity AND c.oid IN (
    SELECT o.oid FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace WHERE m.nspname = $1 AND o.relname = $2
    UNION SELECT relid FROM pg_catalog.pg_partition_tree((pg_catalog.format('%I.%I', $1::text, $2::text))::pg_catalog.regclass))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = COALESCE($3::name, current_user) AND (r.rolbypassrls OR r.rolsuper))
  ORDER BY c.oid`;

/**
 * Validates a key as the owner of its table, restricted: planning its query evaluates constant calls in the indexes of both tables, and the
 * owners may change those at any moment. If the owner may not read the other table, the server checks row by row.
 *
 * Policies that are forced on the owner would hide rows from that query (RI_Initial_Check in ri_triggers.c), and `row_security = off` makes
 * an error of that. So they are not forced during the transaction. That locks the table, so it is done only if no session uses the table
 * yet.
 */
export const validateAsOwner = async (
  client: pg.Client,
  key: OutsideForeignKey,
  options: KeyOptions,
): Promise<void> => {
  const { schema, name } = key.table;
  const role = await otherOwner(client, key.table);
  const send: Send =
    role === undefined
      ? sendAlone
      : (own, statement) => sendRestricted(own, { schema, role }, statement);
  const forced = key.inUse
    ? []
    : (await client.query<TableName>(FORCED, [schema, name, role])).rows;
  if (forced.length) {
    const each = (action: string): string[] =>
      forced.map((one) => `ALTER TABLE ONLY ${qualified(one.schema, one.name)} ${action}`);
    const [validating, loosen, force] = [
      validate(key),
      each('NO FORCE ROW LEVEL SECURITY'),
      each('FORCE ROW LEVEL SECURITY'),
    ];
    return await patiently(client, options, [...loosen, validating, ...force], (own, statement) =>
      (statement === validating ? send : sendAlone)(own, statement),
    );
  }
  await client.query('BEGIN');
  try {
    await send(client, validate(key));
    await client.query('COMMIT');
  } catch (error) {
    if (!isLost(error)) await client.query('ROLLBACK');
    throw error;
  }
};
