import { membersIn, NAMED_SCHEMAS } from '../../catalog/schema-members.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import type { Run } from '../run-state.ts';

/**
 * A range type creates its multirange type. Before PostgreSQL 17, when the range gets another owner, the multirange keeps the role that
 * created it. No dump contains the multirange's owner, and a later ALTER TYPE or DROP OWNED of the range's owner would leave it with the
 * restore role.
 */
const LEFT = `
  SELECT n.nspname AS schema, m.typname AS name, r.rolname AS owner, pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE') AS creates
  FROM pg_catalog.pg_range g JOIN pg_catalog.pg_type t ON t.oid = g.rngtypid
  JOIN pg_catalog.pg_type m ON m.oid = g.rngmultitypid JOIN pg_catalog.pg_namespace n ON n.oid = m.typnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = t.typowner
  WHERE g.rngtypid = ANY (ARRAY(${membersIn('pg_type', NAMED_SCHEMAS)})) AND m.typowner <> t.typowner AND m.typowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)`;

interface Left {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly creates: boolean;
}

/** If the session's role still owns a multirange type, it gets the owner that the backup's SQL gave to the range. */
export const setMultirangeOwners = async ({ client, request, isSuperuser }: Run): Promise<void> => {
  if (request.owners === 'drop' || request.intoLive) return;
  const { rows } = await client.query<Left>(LEFT, [request.schemas]);
  for (const { schema, name, owner, creates } of rows) {
    const right = `CREATE ON SCHEMA ${identifier(schema)}`;
    const isTemporary = !creates && !isSuperuser;
    if (isTemporary) await client.query(`GRANT ${right} TO ${identifier(owner)}`);
    await client.query(`ALTER TYPE ${qualified(schema, name)} OWNER TO ${identifier(owner)}`);
    if (isTemporary) await client.query(`REVOKE ${right} FROM ${identifier(owner)}`);
  }
};
