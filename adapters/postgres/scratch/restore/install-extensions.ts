import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { RehearsalImpossible } from '../../../../core/errors/verification.ts';
import { type Manifest, schemasIn } from '../../../../core/manifest.ts';
import { identityOf } from '../../catalog/extension-objects.ts';
import { inOrder } from '../../catalog/extension-order.ts';
import { identifier } from '../../sql/identifiers.ts';
import type { ScratchExtension } from '../server/prepare.ts';

/**
 * The extensions that a backup needs, created as the superuser before it comes. One that lives in the backup's own schema comes with it,
 * since there is no place for it before. One that the server layer lacks is left out only where nothing stored needs it.
 */
export interface CreatedExtensions {
  /** Names of those that are not there, in spite of the backup's CREATE EXTENSION. */
  readonly leftOut: readonly string[];
  readonly notChecked: readonly string[];
}

type Wanted = Manifest['extensions'][number];

/** pg_identify_object writes a name as SQL does: quoted where it must be. */
export const nameOf = (identity: string): string =>
  identity.startsWith('"') ? identity.slice(1, -1).replaceAll('""', '"') : identity;

/** Rows of an extension's own tables are left out here, so they do not need it. */
const neededBy = (manifest: Manifest, extension: string): readonly string[] => {
  const own = new Set((manifest.extensionRows ?? []).map(identityOf));
  const found = manifest.outside.find(
    ({ kind, name }) => kind === 'extension' && nameOf(name) === extension,
  );
  return found?.neededBy.filter((name) => !own.has(name)) ?? [];
};

const refuseMissing = (manifest: Manifest, missing: readonly Wanted[]): void => {
  const needed = missing.filter(({ name }) => neededBy(manifest, name).length > 0);
  if (!needed.length) return;
  const list = needed.map(
    ({ name, version }) =>
      `${quoted(name)} ${version} (for ${neededBy(manifest, name).slice(0, 3).join(', ')})`,
  );
  throw new RehearsalImpossible(
    `The server layer lacks ${needed.length > 1 ? 'the extensions' : 'the extension'} ${list.join('; ')}, which the backup needs`,
    `Add ${needed.length > 1 ? 'them' : 'it'} to verification.extensions, where PostgreSQL's packages have ${needed.length > 1 ? 'them' : 'it'} (docs/layers.md), or restore the backup into a database of your own to check it: GET .../restore-guide has the commands.`,
  );
};

/** A row that says the extension is there, without anything of it: the backup's CREATE EXTENSION then finds nothing to do. */
const PRETEND = `
  INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  SELECT pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'), $1, r.oid, n.oid, false, $2
  FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n
  WHERE r.rolname = CURRENT_USER AND n.nspname = 'pg_catalog'`;

const create = async (admin: pg.Client, { name, schema }: Wanted): Promise<void> => {
  // What it needs in turn is created where it is, unless it was created before.
  await admin.query(
    `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)} CASCADE`,
  );
};

/**
 * The database's others, which the text of a function may name without any catalog knowing. One that can't be made is missed only
 * by what needs it, and then by name.
 */
const createOthers = async (
  admin: pg.Client,
  available: readonly ScratchExtension[],
  { databaseExtensions = [], extensions, ...manifest }: Manifest,
): Promise<void> => {
  const own = schemasIn(manifest);
  const there = new Set(available.map(({ name }) => name));
  const known = new Set(extensions.map(({ name }) => name));
  const others = databaseExtensions.filter(
    ({ name, schema }) => there.has(name) && !known.has(name) && !own.includes(schema),
  );
  for (const one of await inOrder(admin, others)) {
    await create(admin, one).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError)) throw error;
    });
  }
};

/** @throws RehearsalImpossible naming what is missing and needed */
export const createExtensions = async (
  admin: pg.Client,
  available: readonly ScratchExtension[],
  manifest: Manifest,
): Promise<CreatedExtensions> => {
  const own = schemasIn(manifest);
  const there = new Set(available.map(({ name }) => name));
  const wanted = manifest.extensions;
  const missing = wanted.filter(({ name }) => !there.has(name));
  refuseMissing(manifest, missing);
  for (const { name, version } of missing) await admin.query(PRETEND, [name, version]);
  const outside = wanted.filter(({ name, schema }) => there.has(name) && !own.includes(schema));
  for (const one of await inOrder(admin, outside)) await create(admin, one);
  // Only for columns of what stands in for a table: without it, that one has fewer columns.
  const known = new Set(wanted.map(({ name }) => name));
  const more = (manifest.standIns ?? []).filter(
    ({ kind, name }) => kind === 'extension' && !known.has(nameOf(name)) && there.has(nameOf(name)),
  );
  for (const { name, schema } of more) {
    if (schema !== null) await create(admin, { name: nameOf(name), version: '', schema });
  }
  await createOthers(admin, available, manifest);
  return {
    leftOut: missing.map(({ name }) => name),
    notChecked: missing.map(
      ({ name }) =>
        `extension ${quoted(name)}: the server layer lacks it, and nothing stored needs it; it was left out`,
    ),
  };
};
