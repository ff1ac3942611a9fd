import type pg from 'pg';
import { membersIn, NAMED_SCHEMAS } from '../../catalog/schema-members.ts';
import { described, shown } from '../../sql/describe-statement.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import { beforeOwner } from '../../sql/kinds/clauses.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Name } from '../../sql/kinds/word-cursor.ts';
import type { Piece } from '../../sql/split-statements.ts';
import { named, type Run } from '../run-state.ts';
import { send } from '../send.ts';

/**
 * Functions with SECURITY DEFINER, views and rules run with the rights of their owner. If the backup's owner cannot own them here,
 * that would be the rights of the restore role or of another tenant. They get the caller's rights instead, or no other role may
 * use them.
 */
type OwnerStatement = Extract<StatementKind, { readonly kind: 'owner' }>;

const ROUTINES = ['function', 'procedure', 'routine'];

const SCHEMA_OWNER = `
  SELECT r.rolname AS owner, pg_catalog.current_setting('server_version_num')::int >= 150000 AS invokes,
    EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = $2 AND c.relkind = 'v') AS view,
    EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid AND p.proname = $2 AND p.prosecdef) AS definer
  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname = $1`;

interface SchemaOwner {
  readonly owner: string;
  readonly invokes: boolean;
  readonly view: boolean;
  readonly definer: boolean;
}

const INVOKING =
  "it would run with other rights than at the source, so it runs with its caller's rights";
const CLOSED = 'it would run with other rights than at the source, so it is granted to no role';

const invoke = async (run: Run, view: Name): Promise<void> => {
  const { schema, name } = named(view);
  await run.client.query(`ALTER VIEW ${qualified(schema, name)} SET (security_invoker = true)`);
  run.leftOut.push({ what: `the owner's rights of view ${shown(view)}`, why: INVOKING });
};

const close = (run: Run, what: string, on: Name): void => {
  run.closed.add(shown(on));
  run.leftOut.push({ what: `grants on ${what} ${shown(on)}`, why: CLOSED });
};

/**
 * If an object cannot get its own owner, it gets the schema's owner, not the restore role. It runs no code with that owner's
 * rights.
 */
export const assignInstead = async (
  run: Run,
  statement: OwnerStatement,
  { text, words }: Piece,
): Promise<void> => {
  const { client, request, self, findRole } = run;
  const { what, on } = statement;
  if (!request.tenancy || on.schema === null) return;
  const found = (await client.query<SchemaOwner>(SCHEMA_OWNER, [on.schema, on.name])).rows[0];
  if (!found) return;
  const head = beforeOwner(text, words);
  const doing = { object: described(statement, words) };
  if (ROUTINES.includes(what) && found.definer) {
    await send(client, Buffer.concat([head, Buffer.from('SECURITY INVOKER')]), doing);
    run.leftOut.push({ what: `SECURITY DEFINER of ${what} ${shown(on)}`, why: INVOKING });
  }
  if (found.view && found.invokes) await invoke(run, on);
  else if (found.view) close(run, 'view', on);
  if (found.owner === self || !(await findRole(found.owner))?.mayOwn) return;
  const owner = Buffer.from(`OWNER TO ${identifier(found.owner)}`);
  await send(client, Buffer.concat([head, owner]), doing);
};

const LEFT = `
  SELECT n.nspname AS schema, p.proname AS name, 'function' AS what,
    pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS sql
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc', NAMED_SCHEMAS)})) AND p.prosecdef AND p.proowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e')
  UNION ALL
  SELECT n.nspname, c.relname, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, pg_catalog.format('%I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND (c.relkind = 'v' OR c.relkind IN ('r', 'p', 'f') AND c.relhasrules)
    AND c.relowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
    AND NOT COALESCE(c.reloptions::text[] && '{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}', false)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')
  ORDER BY 3, 1, 2`;

interface Left {
  readonly schema: string;
  readonly name: string;
  readonly what: 'function' | 'view' | 'table';
  readonly sql: string;
}

const GRANTED = `
  WITH found AS (
    SELECT c.oid, c.relowner, c.relacl FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
  ), acls AS (
    SELECT relacl AS acl FROM found
    UNION ALL SELECT t.attacl FROM found JOIN pg_catalog.pg_attribute t ON t.attrelid = found.oid
  )
  SELECT DISTINCT COALESCE(r.rolname, '') AS role
  FROM found, acls, LATERAL pg_catalog.aclexplode(acls.acl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE a.grantee <> found.relowner`;

/** CASCADE: a role with the grant option may have granted the right to others. */
const takeBack = async (client: pg.Client, { schema, name, sql }: Left): Promise<void> => {
  const { rows } = await client.query<{ role: string }>(GRANTED, [schema, name]);
  for (const { role } of rows) {
    const whom = role === '' ? 'PUBLIC' : identifier(role);
    await client.query(`REVOKE ALL ON TABLE ${sql} FROM ${whom} CASCADE`);
  }
};

/** Runs after all objects exist, for objects to which the backup's SQL gave no owner, or must not give one. */
export const settleRights = async (run: Run): Promise<void> => {
  const { client, request, bounds, ours, closed } = run;
  if (!request.tenancy) return;
  const [server] = (
    await client.query<{ invokes: boolean }>(
      `SELECT pg_catalog.current_setting('server_version_num')::int >= 150000 AS invokes`,
    )
  ).rows;
  const found = (await client.query<Left>(LEFT, [request.schemas])).rows;
  for (const left of found) {
    if (!bounds.made.has(shown(left)) || ours.has(shown(left)) || closed.has(shown(left))) continue;
    if (left.what === 'function') {
      await client.query(`ALTER ROUTINE ${left.sql} SECURITY INVOKER`);
      run.leftOut.push({ what: `SECURITY DEFINER of function ${shown(left)}`, why: INVOKING });
    } else if (left.what === 'view' && server?.invokes) await invoke(run, left);
    else {
      await takeBack(client, left);
      close(run, left.what, left);
    }
  }
};
