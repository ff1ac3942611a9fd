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
import { type MissingOwner, readMissingOwners } from '../schema-names/extension-owners.ts';
import { identifier } from '../sql/identifiers.ts';
import type { Findings } from './rights.ts';

/**
 * Checks the extensions that the backup needs and the database lacks, and those that live in a schema that is set aside. The second kind
 * must move with the schema name. Only a role that owns the extension and all its parts may move it. The parts of a trusted extension
 * belong to the superuser, whichever role created it (tested with 15 and 18).
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

const IN_LIVE = `
  SELECT e.extname AS name, n.nspname AS schema, e.extrelocatable AS relocatable, session_user::text AS role
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE n.nspname = ANY ($1) ORDER BY 1`;

interface InLive {
  readonly name: string;
  readonly schema: string;
  readonly relocatable: boolean;
  readonly role: string;
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

/** Extensions that the missing ones require, if the server has them. No object of the backup names them. */
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

const WAY = 'Chosen tables can be restored into the live schema; or use the restore guide.';

const movedProblems = (
  { name, schema, relocatable, role }: InLive,
  missing: readonly MissingOwner[],
): string[] => {
  const head = `Extension ${quoted(name)} is in schema ${quoted(schema)} and would have to move with it`;
  if (!relocatable) return [`${head}, but it can't be moved. ${WAY}`];
  return missing
    .filter(({ extension, grantable }) => extension === name && !grantable)
    .map(({ owner, superuser }) =>
      superuser
        ? `${head}, but a part of it belongs to ${quoted(owner)}, a superuser, whose rights a restore must not have. A superuser can move it out of the schema for good: ALTER EXTENSION ${identifier(name)} SET SCHEMA to one that only has extensions; then back up again. ${WAY}`
        : `${head}, but a part of it belongs to ${quoted(owner)}. Before the restore: GRANT ${identifier(owner)} TO ${identifier(role)}; afterwards: REVOKE ${identifier(owner)} FROM ${identifier(role)}. ${WAY}`,
    );
};

const lentWarnings = ({ name, role }: InLive, missing: readonly MissingOwner[]): string[] =>
  missing
    .filter(({ extension, grantable }) => extension === name && grantable)
    .map(
      ({ owner }) =>
        `A part of extension ${quoted(name)} belongs to ${quoted(owner)}: ${quoted(role)} makes itself a member of that role for the statement that moves the extension, and revokes that at once.`,
    );

/** The extension's own relations stay unchanged, even if the backup has rows of them. */
const saidOf = (one: ExtensionInside, mode: PreflightRequest['mode']): string[] => {
  const { name, schema, relations } = one;
  if (!relations.length) return [];
  const has = `Extension ${quoted(name)} has tables, sequences or views of its own in schema ${quoted(schema)} (${relations.slice(0, 5).join(', ')})`;
  const stays = `${has}: they stay as they are, and the restore leaves out their rows and values.`;
  if (mode === 'tables-live') return [];
  return isBorrowed(one)
    ? [
        `${stays} Objects of the schema need the extension, so it is moved while the restore runs: until it ends, no other session can read them.`,
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
  const moved = found.rows.filter(isMoved);
  const missing = await readMissingOwners(
    client,
    moved.map(({ name }) => name),
  );
  return {
    problems: moved.flatMap((one) => movedProblems(one, missing)),
    warnings: [
      ...inside.flatMap((one) => saidOf(one, mode)),
      ...moved.flatMap((one) => lentWarnings(one, missing)),
    ],
  };
};

const misplaced = (found: readonly Found[]): string[] =>
  found.flatMap(({ name, schema, wantedSchema }) =>
    schema === null || schema === wantedSchema
      ? []
      : [
          `Extension ${quoted(name)} is in schema ${quoted(schema)} here and in ${quoted(wantedSchema)} in the backup, whose SQL names its types by that schema: both must be the same.`,
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
    if (!available) return [`${head}, and the server does not offer it: install it there.`];
    // The backup itself creates the extensions that live in its schemas.
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
