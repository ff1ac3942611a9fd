import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { ROLES_PAGE } from '../replay/statement-errors.ts';

/** What the restore role may do, and which of the backup's roles it can set as owner or grant to. */
export interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const OF_DATABASE = `
  SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS create,
    pg_catalog.current_database() AS database,
    (SELECT pg_catalog.pg_get_userbyid(datdba)::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS "databaseOwner", session_user::text AS role, pg_catalog.pg_is_in_recovery() AS replica,
    ARRAY(SELECT evtname::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1) AS "eventTriggers"`;

interface OfDatabase {
  readonly create: boolean;
  readonly database: string;
  readonly databaseOwner: string;
  readonly role: string;
  readonly replica: boolean;
  readonly eventTriggers: readonly string[];
}

const SETTABLE = `CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END`;

const OF_SCHEMAS = `
  SELECT n.nspname AS schema, r.rolname AS owner, r.rolsuper AS superuser, pg_catalog.pg_has_role(r.oid, 'USAGE') AS owns,
    pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS creates
  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
  WHERE n.nspname = ANY ($1) ORDER BY 1`;

interface OfSchema {
  readonly schema: string;
  readonly owner: string;
  readonly superuser: boolean;
  readonly owns: boolean;
  readonly creates: boolean;
}

const databaseFindings = (
  found: OfDatabase,
  { mode }: PreflightRequest,
): { problems: string[]; warnings: string[] } => {
  const { create, database, role, replica, eventTriggers } = found;
  const problems: string[] = [];
  if (replica)
    problems.push('The server is a replica, which accepts no writes: configure the primary.');
  if (!create && mode !== 'tables-live') {
    problems.push(
      `${quoted(role)} may not create schemas: GRANT CREATE ON DATABASE ${quoted(database)} TO ${quoted(role)}. ${ROLES_PAGE}`,
    );
  }
  const warnings: string[] = [];
  if (eventTriggers.length) {
    warnings.push(
      `Event triggers of the database run for what is restored: ${eventTriggers.map(quoted).join(', ')}.`,
    );
  }
  return { problems, warnings };
};

/** No role can become a member of it: it represents the database's owner, and owns the schema public since PostgreSQL 15. */
const DATABASE_OWNER = 'pg_database_owner';

const publicProblem = (schema: string, { database, databaseOwner, role }: OfDatabase): string =>
  `Schema ${quoted(schema)} belongs to the owner of the database, ${quoted(databaseOwner)}, and only that role may rename it: ALTER DATABASE ${quoted(database)} OWNER TO a role that ${quoted(role)} is a member of. Or restore it elsewhere (POST .../elsewhere), or restore chosen tables into the live schema ("tables", "into": "live").`;

const schemaProblems = (
  found: readonly OfSchema[],
  ofDatabase: OfDatabase,
  mode: string,
): string[] =>
  found.flatMap(({ schema, owner, superuser, owns, creates }) => {
    const { role } = ofDatabase;
    if (owner === DATABASE_OWNER) {
      if (mode !== 'tables-live') return owns ? [] : [publicProblem(schema, ofDatabase)];
      return creates
        ? []
        : [
            `${quoted(role)} may not create tables in schema ${quoted(schema)}: GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO the role that owns its tables, which ${quoted(role)} has to be a member of. ${ROLES_PAGE}`,
          ];
    }
    // A restore must not have a superuser's rights.
    const remedy = superuser
      ? `ALTER SCHEMA ${quoted(schema)} OWNER TO a role that ${quoted(role)} is a member of`
      : `GRANT ${quoted(owner)} TO ${quoted(role)}`;
    if (mode === 'tables-live') {
      return creates
        ? []
        : [
            `${quoted(role)} may not create tables in schema ${quoted(schema)}: ${remedy}. ${ROLES_PAGE}`,
          ];
    }
    return owns
      ? []
      : [
          `Schema ${quoted(schema)} belongs to ${quoted(owner)}, and only its owner may rename it: ${remedy}. ${ROLES_PAGE}`,
        ];
  });

export const checkRights = async (
  client: pg.Client,
  request: PreflightRequest,
): Promise<Findings> => {
  const [found] = (await client.query<OfDatabase>(OF_DATABASE)).rows;
  if (!found) throw new Error('the server says nothing of its database');
  const { places, mode } = request;
  const names = places.map(({ from }) => from);
  const schemas = (await client.query<OfSchema>(OF_SCHEMAS, [names])).rows;
  const { problems, warnings } = databaseFindings(found, request);
  return { problems: [...problems, ...schemaProblems(schemas, found, mode)], warnings };
};

const ROLES = `
  SELECT w.name, r.oid IS NOT NULL AS there
  FROM pg_catalog.unnest($1::text[]) AS w (name) LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.name ORDER BY 1`;

/** Parts of an extension, or of another object (such as a range type's functions), get no owner of their own. */
const madeByItself = (catalog: string, oid: string): string => `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend e
  WHERE e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND e.objid = ${oid} AND e.deptype IN ('e', 'i'))`;

/** Owners of live objects to which the restore role cannot give objects. */
const OWNERS = `
  WITH owners AS (
    SELECT nspowner AS oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) AND $2
    UNION SELECT c.relowner FROM pg_catalog.pg_class c
      WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND ${madeByItself('pg_class', 'c.oid')}
    UNION SELECT p.proowner FROM pg_catalog.pg_proc p
      WHERE p.oid = ANY (ARRAY(${membersIn('pg_proc', NAMED_SCHEMAS)})) AND ${madeByItself('pg_proc', 'p.oid')}
    UNION SELECT t.typowner FROM pg_catalog.pg_type t
      WHERE t.oid = ANY (ARRAY(${membersIn('pg_type', NAMED_SCHEMAS)})) AND ${madeByItself('pg_type', 't.oid')} AND t.typelem = 0
  )
  SELECT r.rolname AS name, r.rolsuper AS superuser, pg_catalog.pg_has_role(r.oid, 'MEMBER') AS member FROM owners JOIN pg_catalog.pg_roles r USING (oid)
  WHERE NOT (pg_catalog.pg_has_role(r.oid, 'USAGE') AND pg_catalog.pg_has_role(r.oid, ${SETTABLE})) ORDER BY 1`;

/** Roles that do not exist are missing. If we are not a member of an owner, it keeps its grants, but does not become the owner. */
export const checkRoles = async (
  client: pg.Client,
  { manifest, places, mode, owners }: PreflightRequest,
): Promise<Findings & { readonly missingRoles: readonly string[] }> => {
  interface Row {
    readonly name: string;
    readonly there: boolean;
  }
  interface Foreign {
    readonly name: string;
    readonly superuser: boolean;
    readonly member: boolean;
  }
  const found = (await client.query<Row>(ROLES, [manifest.roles])).rows;
  const missingRoles = found.filter(({ there }) => !there).map(({ name }) => name);
  if (owners === 'drop') return { missingRoles, problems: [], warnings: [] };
  const live = places.map(({ from }) => from);
  // A live schema that receives tables keeps its owner. The rights check already covers pg_database_owner.
  const foreign = (await client.query<Foreign>(OWNERS, [live, mode !== 'tables-live'])).rows.filter(
    ({ name }) => name !== DATABASE_OWNER,
  );
  const said = [
    ...missingRoles.map((name) => `The server has no role ${quoted(name)}, which the backup names`),
    ...foreign.map(({ name, superuser, member }) =>
      superuser
        ? `${quoted(name)} is a superuser and owns objects of the backup; the restore role can't give objects to it: ALTER ... OWNER TO a role that it is a member of`
        : member
          ? `The restore role is a member of ${quoted(name)}, which owns objects of the backup, but without INHERIT or SET: GRANT ${quoted(name)} TO it WITH INHERIT TRUE, SET TRUE`
          : `The restore role is not a member of ${quoted(name)}, which owns objects of the backup`,
    ),
  ];
  if (mode === 'swap') {
    return {
      missingRoles,
      problems: said.map(
        (one) => `${one}: a swap that loses an owner or a grant is an outage. Correct it first.`,
      ),
      warnings: [],
    };
  }
  return {
    missingRoles,
    problems: [],
    warnings: said.map((one) => `${one}: its ownerships and grants are left out, and listed.`),
  };
};
