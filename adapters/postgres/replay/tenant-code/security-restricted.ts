import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import { contextBefore, factsOf } from '../../session/server-messages.ts';
import { identifier, qualified } from '../../sql/identifiers.ts';
import { type Doing, refusal } from '../statement-errors.ts';

/**
 * Runs one statement as a role, in a security-restricted operation of PostgreSQL. Code that the statement evaluates cannot change its
 * role (neither by RESET ROLE nor by set_config) and cannot leave deferred triggers, cursors, prepared statements or temporary objects
 * behind. Its settings are reset at the end. SET ROLE alone does none of that.
 *
 * REFRESH MATERIALIZED VIEW is the operation that needs no right except membership in the role
 * (https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html, RefreshMatViewByOid in commands/matview.c): it runs the
 * view's query as the view's owner. Here the view's query calls a function that executes the statement. Both are created for one
 * statement and then dropped, because the role owns the view and could leave a trap on it. The function belongs to the session, and
 * only the view's owner calls it.
 *
 * The statement itself goes through EXECUTE, which accepts several statements. But its words have been read before, and the role's own
 * rights limit any other statement.
 */
export interface Place {
  /** Schema of the helper objects; the session may create in it. */
  readonly schema: string;
  /** Neither the session's role nor a superuser. */
  readonly role: string;
}

/** A right that the role has for this statement only. */
export interface TemporaryGrant {
  readonly grant: string;
  readonly revoke: string;
}

const RIGHTS = `
  SELECT pg_catalog.has_schema_privilege($1::name, n.oid, 'CREATE') AS creates, pg_catalog.has_schema_privilege($1::name, n.oid, 'USAGE') AS uses
  FROM pg_catalog.pg_namespace n WHERE n.nspname = $2`;

interface Rights {
  readonly creates: boolean;
  readonly uses: boolean;
}

/** Removes the helper's own lines at the end of an error's context: they would look like the tenant's function. */
const withoutHelper = (error: unknown, helper: string): unknown => {
  const { where } = factsOf(error);
  if (!(error instanceof Error) || !where) return error;
  return Object.assign(error, { where: contextBefore(where, helper) });
};

/** @throws the server's own error */
export const sendRestricted = async (
  client: pg.Client,
  { schema, role }: Place,
  sql: string,
  grants: readonly TemporaryGrant[] = [],
): Promise<void> => {
  const [rights] = (await client.query<Rights>(RIGHTS, [role, schema])).rows;
  const helper = `larder_${randomBytes(8).toString('hex')}`;
  const [name, to] = [qualified(schema, helper), identifier(role)];
  const missing = [...(rights?.creates ? [] : ['CREATE']), ...(rights?.uses ? [] : ['USAGE'])].join(
    ', ',
  );
  const onSchema = `${missing} ON SCHEMA ${identifier(schema)}`;
  const all = missing
    ? [...grants, { grant: `GRANT ${onSchema} TO ${to}`, revoke: `REVOKE ${onSchema} FROM ${to}` }]
    : grants;
  const body = pg.escapeLiteral(`BEGIN EXECUTE ${pg.escapeLiteral(sql)}; END`);
  const steps = [
    ...all.map(({ grant }) => grant),
    `CREATE FUNCTION ${name}() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS ${body}`,
    `GRANT EXECUTE ON FUNCTION ${name}() TO ${to}`,
    `CREATE MATERIALIZED VIEW ${name} AS SELECT 1 AS done FROM (SELECT ${name}()) AS called WITH NO DATA`,
    `ALTER MATERIALIZED VIEW ${name} OWNER TO ${to}`,
    `REFRESH MATERIALIZED VIEW ${name}`,
    `DROP MATERIALIZED VIEW ${name}`,
    `DROP FUNCTION ${name}()`,
    ...all.map(({ revoke }) => revoke),
  ];
  await client.query(steps.join(';\n')).catch((error: unknown) => {
    throw withoutHelper(error, helper);
  });
};

const DENIED = '42501';

/** A right that the code lacks is not a right that the restore role lacks. */
const denied = (error: unknown, { object }: Doing, role: string): StatementRefused | undefined => {
  const { code, message } = factsOf(error);
  if (code !== DENIED) return undefined;
  return new StatementRefused(
    object,
    `${message} (${DENIED}). PostgreSQL runs code of the backup for it, with the rights of ${quoted(role)} only: review that code. If it may do this, grant the right to ${quoted(role)}`,
    { cause: error },
  );
};

/** @throws StatementRefused, or what `refusal` makes of the statement's error */
export const runRestricted = async (
  client: pg.Client,
  place: Place,
  sql: string,
  doing: Doing,
  grants: readonly TemporaryGrant[] = [],
): Promise<void> => {
  await sendRestricted(client, place, sql, grants).catch((error: unknown) => {
    throw denied(error, doing, place.role) ?? refusal(error, doing);
  });
};
