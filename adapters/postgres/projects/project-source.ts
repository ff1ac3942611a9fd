import * as z from 'zod';
import { APPLICATION } from '../../../core/contract.ts';
import { InvalidInput } from '../../../core/errors/request.ts';
import { parse } from '../../../core/messages.ts';
import {
  ACTIVE,
  idPrefixesOf,
  MAX_PROJECT_BYTES,
  MAX_PROJECT_ID_BYTES,
  type Project,
  sharedProjectId,
} from '../../../core/project.ts';
import type { SourceSettings } from '../../../core/settings.ts';
import type { ProjectSource } from '../../../core/source-ports.ts';
import { queryFailure } from '../session/server-errors.ts';
import { type SourceAccess, withSession } from '../session/session.ts';

/** One invalid row, such as one without an id, must not hide the others: null becomes an empty string, and only that row is refused. */
const column = z
  .string()
  .nullable()
  .transform((value) => value ?? '');

const row = z.object({ id: column, name: column, schema_name: column, status: column });

/** Schemas in which the query finds names without a schema. */
export const PROJECT_SEARCH_PATH = 'pg_catalog,public';

const SESSION = {
  applicationName: `${APPLICATION}/discover`,
  searchPath: PROJECT_SEARCH_PATH,
  statementTimeoutMs: 120_000,
  lockTimeoutMs: 5_000,
  readsViews: true,
};

/**
 * A project is refused if a value is too long (core/project.ts); of such a value only enough is read to show that. A character has at least
 * one byte.
 */
const beginningOf = (column: string, bytes: number): string =>
  `pg_catalog.left(projects.${column}::text, ${bytes + 1}) AS ${column}`;

export const PROJECT_COLUMNS = [
  beginningOf('id', MAX_PROJECT_ID_BYTES),
  beginningOf('name', MAX_PROJECT_BYTES.name),
  beginningOf('schema_name', MAX_PROJECT_BYTES.schemaName),
  beginningOf('status', MAX_PROJECT_BYTES.status),
].join(', ');

/** One row of a source's query, with values of any type. @throws InvalidInput if columns are missing */
export const projectRow = (source: string, found: unknown): z.output<typeof row> =>
  parse(`A row of the query that lists the projects of source ${source}`, row, found);

/** The project of a source's shared schemas; none if it has no such schemas. */
export const sharedProjectsOf = (settings: SourceSettings): readonly Project[] =>
  settings.sharedSchemas.length
    ? [
        {
          id: `${settings.idPrefix}${sharedProjectId(settings.name)}`,
          name: `Shared schemas of ${settings.name}`,
          schemaName: settings.sharedSchemas.join(', '),
          shared: settings.sharedSchemas,
          status: ACTIVE,
        },
      ]
    : [];

/**
 * Lists a source's projects by the query in its settings, wrapped as a subquery, or uses the schemas that its settings name. The session is
 * read only, and its statements are canceled after two minutes.
 */
export const makeProjectSource = (access: SourceAccess): ProjectSource => {
  const { settings } = access;

  const toProject = (found: unknown): Project => {
    const { id, name, schema_name, status } = projectRow(settings.name, found);
    return { id: id && `${settings.idPrefix}${id}`, name, schemaName: schema_name, status };
  };

  const query = async (
    condition: string,
    values: readonly string[],
    signal?: AbortSignal,
  ): Promise<Project[]> => {
    const sql = `SELECT ${PROJECT_COLUMNS} FROM (${settings.projectQuery}\n) AS projects ${condition}`;
    return await withSession(access, { ...SESSION, signal }, async (client) => {
      const found = await client.query(sql, [...values]).catch((error: unknown) => {
        throw queryProblem(error, settings.name);
      });
      return found.rows.map(toProject);
    });
  };

  const sharedProject = sharedProjectsOf(settings);

  const named = (schemas: readonly string[]): Project[] =>
    schemas.map((schema) => ({
      id: `${settings.idPrefix}${schema}`,
      name: schema,
      schemaName: schema,
      status: ACTIVE,
    }));

  return {
    name: settings.name,
    covers: (projectId) => idPrefixesOf(settings).some((prefix) => projectId.startsWith(prefix)),
    listProjects: async () => [
      ...sharedProject,
      ...(settings.schemas ? named(settings.schemas) : await query('ORDER BY projects.id', [])),
    ],
    findProject: async (projectId, signal) => {
      if (!projectId.startsWith(settings.idPrefix)) return undefined;
      const shared = sharedProject.find((project) => project.id === projectId);
      if (shared) return shared;
      const id = projectId.slice(settings.idPrefix.length);
      // PostgreSQL's text cannot hold a NUL, so no project has such an id.
      if (id.includes('\0')) return undefined;
      if (settings.schemas) return named(settings.schemas.filter((schema) => schema === id))[0];
      return (await query('WHERE projects.id::text = $1', [id], signal))[0];
    },
  };
};

/** SQLSTATE class 42: the query itself is wrong, or it reads something that does not exist or that we may not read. */
const queryProblem = (error: unknown, source: string): Error => {
  const code = (error as { code?: string } | null)?.code ?? '';
  if (code.startsWith('42') && code !== '42501' && error instanceof Error) {
    return new InvalidInput(
      `The query that lists the projects of source ${source}`,
      [
        `PostgreSQL says: ${error.message}`,
        'it must give the columns id, name, schema_name and status',
      ],
      { cause: error },
    );
  }
  return queryFailure(error, `listing the projects of source ${source}`);
};
