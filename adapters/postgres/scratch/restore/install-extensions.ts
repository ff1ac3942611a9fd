import pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { RehearsalImpossible } from '../../../../core/errors/verification.ts';
import { type Manifest, schemasIn } from '../../../../core/manifest.ts';
import { identityOf } from '../../catalog/extension-objects.ts';
import { inOrder } from '../../catalog/extension-order.ts';
import { identifier } from '../../sql/identifiers.ts';
import type { ScratchExtension } from '../server/prepare.ts';

/**
 * Creates the extensions that a backup needs, as the superuser, before the restore. The backup itself creates an extension that lives in
 * its own schema, because that schema does not exist before. If the server layer lacks an extension, it is left out only if no stored
 * object needs it.
 */
export interface CreatedExtensions {
  /** Names of those that do not exist, despite the backup's CREATE EXTENSION. */
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

/** A catalog row for the extension without any of its objects: the backup's CREATE EXTENSION then has nothing to do. */
const PRETEND = `
  INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  SELECT pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'), $1, r.oid, n.oid, false, $2
  FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n
  WHERE r.rolname = CURRENT_USER AND n.nspname = 'pg_catalog'`;

const create = async (admin: pg.Client, { name, schema }: Wanted): Promise<void> => {
  // An extension that it requires is created in its own schema, unless it was created before.
  await admin.query(
    `CREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)} CASCADE`,
  );
};

/**
 * The database's other extensions, which the text of a function may name although no catalog records it. If one cannot be created, only
 * objects that need it fail, and their errors name it.
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

/** @throws RehearsalImpossible with the names of the missing extensions that are needed */
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
  // Only for columns of a table's stand-in: without it, that table has fewer columns.
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
        `extension ${quoted(name)}: the server layer lacks it, and nothing in the backup needs it; it was left out`,
    ),
  };
};
