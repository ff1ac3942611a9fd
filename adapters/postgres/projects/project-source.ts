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

/** One row without an id, say, must not hide all others: what is null becomes empty, and is refused by itself. */
const column = z
  .string()
  .nullable()
  .transform((value) => value ?? '');

const row = z.object({ id: column, name: column, schema_name: column, status: column });

/** Where the query looks for names without a schema. */
export const PROJECT_SEARCH_PATH = 'pg_catalog,public';

const SESSION = {
  applicationName: `${APPLICATION}/discover`,
  searchPath: PROJECT_SEARCH_PATH,
  statementTimeoutMs: 120_000,
  lockTimeoutMs: 5_000,
  readsViews: true,
};

/**
 * A project is refused for a value that is too long (core/project.ts); of such a value only as much is read as shows that. A character has
 * one byte at least.
 */
const beginningOf = (column: string, bytes: number): string =>
  `pg_catalog.left(projects.${column}::text, ${bytes + 1}) AS ${column}`;

export const PROJECT_COLUMNS = [
  beginningOf('id', MAX_PROJECT_ID_BYTES),
  beginningOf('name', MAX_PROJECT_BYTES.name),
  beginningOf('schema_name', MAX_PROJECT_BYTES.schemaName),
  beginningOf('status', MAX_PROJECT_BYTES.status),
].join(', ');

/** A row of a source's query as it is read, whatever the query gave. @throws InvalidInput where columns are missing */
export const projectRow = (source: string, found: unknown): z.output<typeof row> =>
  parse(`A row of the query that lists the projects of source ${source}`, row, found);

/** The project that a source's shared schemas make; none where it has no such schemas. */
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
 * Lists a source's projects by the query of its settings, wrapped as a subquery, or takes the schemas its settings name.
 * The session is read only and its statements end after two minutes.
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
      // PostgreSQL's text can't hold a NUL, so no project has such an id.
      if (id.includes('\0')) return undefined;
      if (settings.schemas) return named(settings.schemas.filter((schema) => schema === id))[0];
      return (await query('WHERE projects.id::text = $1', [id], signal))[0];
    },
  };
};

/** SQLSTATE class 42: the query itself is wrong, or what it reads is not there or not ours to read. */
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
