import type pg from 'pg';
import type { Claims, ProjectClaim } from '../../../core/ownership.ts';
import { ACTIVE } from '../../../core/project.ts';
import { DEFAULT_PROJECT_QUERY, type SourceSettings } from '../../../core/settings.ts';
import { identifier } from '../sql/identifiers.ts';
import {
  PROJECT_COLUMNS,
  PROJECT_SEARCH_PATH,
  projectRow,
  sharedProjectsOf,
} from './project-source.ts';

/**
 * Finds which project a schema belongs to, by the source's list of projects, read in the transaction that is about to change the schema.
 * The list is read as committed at that moment; a role that may only read it cannot lock it.
 */
interface Row {
  readonly id: string;
  readonly schema_name: string;
  readonly status: string;
}

/** Class 42: the query reads something that does not exist or that we may not read, or the query is wrong. */
const IS_UNREADABLE = /^(42|3F000)/;
const NOT_ALLOWED = '42501';
/** No such table, or no such schema. */
const MISSING: readonly string[] = ['42P01', '3F000'];

const grantsFor = (settings: SourceSettings, role: string): string => {
  const to = identifier(role);
  return settings.projectQuery === DEFAULT_PROJECT_QUERY
    ? `Run this in its database: GRANT USAGE ON SCHEMA control_plane TO ${to}; GRANT SELECT ON control_plane.projects TO ${to}; (docs/roles.md).`
    : `Give it what projectQuery reads: GRANT SELECT on its tables and GRANT USAGE on their schemas, TO ${to} (docs/roles.md).`;
};

const roleOf = async (client: pg.Client): Promise<string> => {
  const found = await client.query<{ name: string }>(
    'SELECT session_user::pg_catalog.text AS name',
  );
  return found.rows[0]?.name ?? '';
};

/** Projects that the settings themselves name. */
const configured = (settings: SourceSettings): readonly ProjectClaim[] => [
  ...sharedProjectsOf(settings).flatMap(({ id, shared = [] }) =>
    shared.map((schema) => ({ projectId: id, schema, status: ACTIVE, isShared: true })),
  ),
  ...(settings.schemas ?? []).map((schema) => ({
    projectId: `${settings.idPrefix}${schema}`,
    schema,
    status: ACTIVE,
  })),
];

const listed = async (
  client: pg.Client,
  settings: SourceSettings,
  projectId: string,
  names: readonly string[],
): Promise<readonly Row[]> => {
  const isOurs = projectId.startsWith(settings.idPrefix) && !projectId.includes('\0');
  const id = isOurs ? projectId.slice(settings.idPrefix.length) : null;
  const found = await client.query(
    `SELECT ${PROJECT_COLUMNS} FROM (${settings.projectQuery}\n) AS projects
     WHERE projects.id::text = $1::text OR projects.schema_name::text = ANY ($2::text[])`,
    [id, names],
  );
  return found.rows.map((row) => projectRow(settings.name, row));
};

/**
 * Reads which projects have an id or one of some schema names. Needs a transaction, which stays usable even if the query fails.
 * @param timeoutMs for the query
 * @throws the server's error if the query itself is not the cause
 */
export const readClaims = async (
  client: pg.Client,
  settings: SourceSettings,
  projectId: string,
  names: readonly string[],
  timeoutMs: number,
): Promise<Claims> => {
  const fixed = configured(settings).filter(
    ({ projectId: id, schema }) => id === projectId || names.includes(schema),
  );
  const isFixed = fixed.some(({ projectId: id }) => id === projectId) ? 1 : 0;
  if (settings.schemas) return { kind: 'read', claims: fixed, timesListed: isFixed };
  // The temporary schema comes last: code of a backup may have created a table in it with a name that the query uses.
  await client.query(
    `SAVEPOINT larder_claims; SET LOCAL search_path = ${PROJECT_SEARCH_PATH}, pg_temp; SET LOCAL statement_timeout = ${timeoutMs}`,
  );
  try {
    const rows = await listed(client, settings, projectId, names);
    const claims = rows.map(({ id, schema_name, status }) => ({
      projectId: id && `${settings.idPrefix}${id}`,
      schema: schema_name,
      status,
    }));
    const times = claims.filter(({ projectId: id }) => id === projectId).length;
    return { kind: 'read', claims: [...fixed, ...claims], timesListed: isFixed + times };
  } catch (error) {
    const { code } = (error ?? {}) as { code?: unknown };
    if (typeof code !== 'string' || !IS_UNREADABLE.test(code) || !(error instanceof Error))
      throw error;
    await client.query('ROLLBACK TO SAVEPOINT larder_claims');
    const wayOut =
      code === NOT_ALLOWED
        ? grantsFor(settings, await roleOf(client))
        : 'Correct projectQuery in the configuration, or what it reads.';
    const isMissing = MISSING.includes(code);
    return { kind: 'unreadable', said: error.message, wayOut, isMissing, claims: fixed };
  } finally {
    await client
      .query('ROLLBACK TO SAVEPOINT larder_claims; RELEASE SAVEPOINT larder_claims')
      .catch(() => undefined);
  }
};
