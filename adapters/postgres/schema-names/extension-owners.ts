import type pg from 'pg';
import { catalog } from '../catalog/outside-dependencies.ts';
import { identifier } from '../sql/identifiers.ts';

/**
 * The owners of an extension and its parts. ALTER EXTENSION SET SCHEMA needs the rights of all of them (AlterExtensionNamespace in
 * commands/extension.c). Parts of a trusted extension belong to the superuser, whichever role created it.
 */
export interface MissingOwner {
  readonly extension: string;
  readonly owner: string;
  readonly superuser: boolean;
  /** The session's role is not a member of it, and may make itself one. */
  readonly grantable: boolean;
}

/** Catalogs whose objects have owners. */
const OWNED = [
  ['pg_class', 'relowner'],
  ['pg_proc', 'proowner'],
  ['pg_type', 'typowner'],
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_conversion', 'conowner'],
  ['pg_statistic_ext', 'stxowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_language', 'lanowner'],
  ['pg_foreign_data_wrapper', 'fdwowner'],
  ['pg_foreign_server', 'srvowner'],
  ['pg_event_trigger', 'evtowner'],
] as const;

const PARTS = OWNED.map(
  ([name, column]) => `
    UNION SELECT e.oid, o.${column} FROM wanted e
      JOIN pg_catalog.pg_depend d ON d.refclassid = ${catalog('pg_extension')} AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = ${catalog(name)}
      JOIN pg_catalog.${name} o ON o.oid = d.objid`,
).join('');

/** Before PostgreSQL 16 CREATEROLE suffices to grant a role; revoking the temporary membership would revoke an existing one too. */
const MISSING = `
  WITH wanted AS (SELECT oid, extname, extowner FROM pg_catalog.pg_extension WHERE extname = ANY ($1)),
  owners AS (SELECT oid, extowner AS owner FROM wanted ${PARTS})
  SELECT DISTINCT w.extname AS extension, r.rolname AS owner, r.rolsuper AS superuser,
    NOT r.rolsuper AND (pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
        OR pg_catalog.current_setting('server_version_num')::int < 160000 AND (SELECT rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member AND u.rolname = current_user
        WHERE m.roleid = r.oid AND (pg_catalog.current_setting('server_version_num')::int < 160000 OR m.grantor = m.member)) AS grantable
  FROM owners o JOIN wanted w ON w.oid = o.oid JOIN pg_catalog.pg_roles r ON r.oid = o.owner
  WHERE NOT pg_catalog.pg_has_role(r.oid, 'USAGE') ORDER BY 1, 2`;

/** Owners whose rights the session's role does not have. */
export const readMissingOwners = async (
  client: pg.Client,
  extensions: readonly string[],
): Promise<readonly MissingOwner[]> =>
  extensions.length ? (await client.query<MissingOwner>(MISSING, [extensions])).rows : [];

const INHERITS = `SELECT CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END AS options`;

/**
 * Moves an extension with all its parts. For that one statement, which runs no user's code, the session's role becomes a member of owners
 * whose rights it lacks and may grant to itself. No other session sees the membership.
 */
export const moveExtension = async (
  client: pg.Client,
  extension: string,
  schema: string,
): Promise<void> => {
  const missing = await readMissingOwners(client, [extension]);
  const joined = missing.filter(({ grantable }) => grantable).map(({ owner }) => identifier(owner));
  const options = joined.length
    ? ((await client.query<{ options: string }>(INHERITS)).rows[0]?.options ?? '')
    : '';
  for (const owner of joined) await client.query(`GRANT ${owner} TO CURRENT_USER${options}`);
  await client.query(`ALTER EXTENSION ${identifier(extension)} SET SCHEMA ${identifier(schema)}`);
  for (const owner of joined) await client.query(`REVOKE ${owner} FROM CURRENT_USER`);
};
