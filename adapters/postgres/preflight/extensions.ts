import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { schemasIn } from '../../../core/manifest.ts';
import type { RestoreReport } from '../../../core/restore.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import { type WantedExtension, withRequired } from '../catalog/extension-order.ts';
import {
  type ExtensionInside,
  isBorrowed,
  readExtensionsInside,
} from '../schema-names/borrowed-extensions.ts';
import type { Findings } from './rights.ts';

/**
 * Extensions: those that the backup needs and the database lacks, and those that live in a schema that is to step aside. Such
 * a one has to go along with the name, which only the owner of it and of all that it brought may do; a trusted extension's parts
 * belong to the superuser, whoever created it (tried with 15 and 18).
 */
const FOUND = `
  SELECT w.name, w.version AS wanted, w.schema AS "wantedSchema", e.extversion AS version, n.nspname AS schema,
    EXISTS (SELECT FROM pg_catalog.pg_available_extensions a WHERE a.name = w.name) AS available
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS w (name, version, schema)
  LEFT JOIN pg_catalog.pg_extension e ON e.extname = w.name
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  ORDER BY 1`;

interface Found {
  readonly name: string;
  readonly wanted: string;
  readonly wantedSchema: string;
  readonly version: string | null;
  readonly schema: string | null;
  readonly available: boolean;
}

/** Owners of what an extension brought, by the catalogs that have owners. */
const OWNED = [
  ['pg_class', 'relowner'],
  ['pg_proc', 'proowner'],
  ['pg_type', 'typowner'],
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_ts_config', 'cfgowner'],
] as const;

const IN_LIVE = `
  SELECT e.extname AS name, n.nspname AS schema, e.extrelocatable AS relocatable,
    pg_catalog.pg_has_role(e.extowner, 'USAGE') AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      ${OWNED.map(([catalog]) => `LEFT JOIN pg_catalog.${catalog} ON d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND ${catalog}.oid = d.objid`).join('\n      ')}
      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        AND NOT pg_catalog.pg_has_role(COALESCE(${OWNED.map(([catalog, column]) => `${catalog}.${column}`).join(', ')}, e.extowner), 'USAGE')
    ) AS ours
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE n.nspname = ANY ($1) ORDER BY 1`;

interface InLive {
  readonly name: string;
  readonly schema: string;
  readonly relocatable: boolean;
  readonly ours: boolean;
}

const findAll = async (client: pg.Client, wanted: readonly WantedExtension[]): Promise<Found[]> =>
  wanted.length
    ? (
        await client.query<Found>(FOUND, [
          wanted.map(({ name }) => name),
          wanted.map(({ version }) => version),
          wanted.map(({ schema }) => schema),
        ])
      ).rows
    : [];

/** What the missing ones require, as far as the server has them: nobody of the backup names it. */
const findRequired = async (
  client: pg.Client,
  missing: readonly Found[],
  { extensions, databaseExtensions = [] }: PreflightRequest['manifest'],
): Promise<Found[]> => {
  if (!missing.length) return [];
  const names = new Set(extensions.map(({ name }) => name));
  const wanted = extensions.filter(({ name }) => missing.some((one) => one.name === name));
  const all = await withRequired(client, wanted, databaseExtensions);
  return await findAll(
    client,
    all.filter(({ name }) => !names.has(name)),
  );
};

const moved = ({ name, schema, relocatable, ours }: InLive): string[] => {
  const head = `Extension ${quoted(name)} is in schema ${quoted(schema)} and would have to move with it`;
  const way = 'Chosen tables can be restored into the live schema; or use the restore guide.';
  if (!relocatable) return [`${head}, but it can't be moved. ${way}`];
  return ours
    ? []
    : [`${head}, which only the owner of the extension and of all its objects may do. ${way}`];
};

/** What the extension has of its own stays as it is, whatever the backup holds of it. */
const saidOf = (one: ExtensionInside, mode: PreflightRequest['mode']): string[] => {
  const { name, schema, relations } = one;
  if (!relations.length) return [];
  const has = `Extension ${quoted(name)} has tables, sequences or views of its own in schema ${quoted(schema)} (${relations.slice(0, 5).join(', ')})`;
  const stays = `${has}: they stay as they are, and the restore leaves out their rows and values.`;
  if (mode === 'tables-live') return [];
  return isBorrowed(one)
    ? [
        `${stays} Objects of the schema need the extension, so it is moved while the restore runs: until its end nobody else can read them.`,
      ]
    : [stays];
};

const liveFindings = async (
  client: pg.Client,
  { places, mode }: PreflightRequest,
): Promise<Findings> => {
  const names = places.map(({ from }) => from);
  const inside = await readExtensionsInside(client, names);
  if (!inside.length || mode === 'tables-live') return { problems: [], warnings: [] };
  const found = await client.query<InLive>(IN_LIVE, [names]);
  const isMoved = ({ name }: InLive): boolean =>
    mode === 'swap' || inside.some((one) => one.name === name && isBorrowed(one));
  return {
    problems: found.rows.filter(isMoved).flatMap(moved),
    warnings: inside.flatMap((one) => saidOf(one, mode)),
  };
};

const misplaced = (found: readonly Found[]): string[] =>
  found.flatMap(({ name, schema, wantedSchema }) =>
    schema === null || schema === wantedSchema
      ? []
      : [
          `Extension ${quoted(name)} is in schema ${quoted(schema)} here and in ${quoted(wantedSchema)} in the backup, by which its types are called: they must be the same.`,
        ],
  );

export const checkExtensions = async (
  client: pg.Client,
  request: PreflightRequest,
): Promise<Findings & Pick<RestoreReport, 'missingExtensions'>> => {
  const { extensions } = request.manifest;
  const found = await findAll(client, extensions);
  const named = found.filter(({ version }) => version === null);
  const missing = [...named, ...(await findRequired(client, named, request.manifest))];
  const own = schemasIn(request.manifest);
  const problems = missing.flatMap(({ name, available, wantedSchema }) => {
    const head = `Extension ${quoted(name)} is missing`;
    if (!available)
      return [`${head}, and the server does not have it to create: install it there.`];
    // The backup itself creates those that live in its schemas.
    return request.createExtensions || own.includes(wantedSchema)
      ? []
      : [`${head}: create it, or allow it with restore.createExtensions.`];
  });
  const live = await liveFindings(client, request);
  const versions = found.flatMap(({ name, version, wanted }) =>
    version !== null && version !== wanted
      ? [`Extension ${quoted(name)} is version ${version} here and was ${wanted} in the backup.`]
      : [],
  );
  return {
    missingExtensions: missing.map(({ name, wanted, wantedSchema, available }) => ({
      name,
      version: wanted,
      schema: wantedSchema,
      available,
    })),
    problems: [...problems, ...misplaced(found), ...live.problems],
    warnings: [...versions, ...live.warnings],
  };
};
