import type pg from 'pg';
import type { SchemaPlace } from '../../../core/restore.ts';
import { catalog, MEMBERS } from '../catalog/outside-dependencies.ts';
import { moveExtension } from './extension-owners.ts';
import type { MovedExtension } from './schema-names.ts';

/**
 * Extensions that live in a schema of the backup's name. A database has each extension only once. A restore beside borrows it from the live
 * schema, so that the restored objects find its types and functions by their names, and returns it before the COMMIT. ALTER EXTENSION SET
 * SCHEMA locks the tables, sequences and views of the extension against all other sessions: so an extension that has some is borrowed only
 * when an object of the backup needs it.
 */
export interface ExtensionInside extends MovedExtension {
  /** Tables, sequences and views that the extension created. */
  readonly relations: readonly string[];
  /** Objects of the live schema depend on it, besides its own. */
  readonly needed: boolean;
}

const INSIDE = `
  WITH ${MEMBERS}, parts AS (
    SELECT e.oid AS extension, d.classid, d.objid
    FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_depend d ON d.refclassid = ${catalog('pg_extension')} AND d.refobjid = e.oid AND d.deptype = 'e'
    WHERE e.extnamespace = ANY ($1)
  ), dependents AS (
    SELECT p.extension, m.classid, m.objid
    FROM parts p
    JOIN pg_catalog.pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid AND d.deptype = 'n'
    JOIN members m ON m.classid = d.classid AND m.objid = d.objid
  )
  SELECT e.extname AS name, n.nspname AS schema,
    ARRAY(
      SELECT c.relname::text FROM parts p JOIN pg_catalog.pg_class c ON c.oid = p.objid
      WHERE p.extension = e.oid AND p.classid = ${catalog('pg_class')} AND c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f') ORDER BY 1
    ) AS relations,
    EXISTS (
      SELECT FROM dependents d
      WHERE d.extension = e.oid AND NOT EXISTS (
        -- An index of one of the extension's own tables is no member of the extension by itself.
        SELECT FROM pg_catalog.pg_index i JOIN parts p ON p.classid = ${catalog('pg_class')} AND p.objid = i.indrelid
        WHERE d.classid = ${catalog('pg_class')} AND i.indexrelid = d.objid AND p.extension = e.oid
      )
    ) AS needed
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extnamespace = ANY ($1) ORDER BY 1`;

const OIDS = `
  SELECT n.oid::pg_catalog.text AS oid FROM pg_catalog.pg_namespace n
  WHERE n.nspname = ANY ($1) AND EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extnamespace = n.oid)`;

/** Extensions in schemas of these names, in the order of their names. */
export const readExtensionsInside = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<readonly ExtensionInside[]> => {
  const found = (await client.query<{ oid: string }>(OIDS, [schemas])).rows;
  if (!found.length) return [];
  return (await client.query<ExtensionInside>(INSIDE, [found.map(({ oid }) => oid)])).rows;
};

/** Whether a restore beside will probably move it to the restored schema while it loads. */
export const isBorrowed = ({ relations, needed }: ExtensionInside): boolean =>
  !relations.length || needed;

export interface Borrowing {
  /** A restored schema exists now: move to it those extensions of its live schema whose move locks no other session out. */
  onSchema(schema: string): Promise<void>;
  /** A statement of the backup names a part of an extension. */
  onNeed(extension: string): Promise<void>;
  /** Returns all borrowed extensions to their schemas. */
  returnAll(): Promise<void>;
  readonly borrowed: readonly ExtensionInside[];
  /** Extensions that have stayed in their schema, with its name as other sessions know it. */
  readonly stayed: readonly MovedExtension[];
}

/**
 * @param aside live schemas, from their own name to their temporary one; the restored schemas have their own names
 * @param mayBorrowFrom whether the extensions of a live schema may be moved: not if the schema belongs to another project
 */
export const borrowExtensions = async (
  client: pg.Client,
  aside: readonly SchemaPlace[],
  mayBorrowFrom: (schema: string) => boolean = () => true,
): Promise<Borrowing> => {
  const inside = await readExtensionsInside(
    client,
    aside.map(({ to }) => to),
  );
  const borrowed: ExtensionInside[] = [];
  const homeOf = ({ schema }: ExtensionInside): string =>
    aside.find(({ to }) => to === schema)?.from ?? schema;
  const borrow = async (one: ExtensionInside): Promise<void> => {
    const home = homeOf(one);
    if (borrowed.includes(one) || !mayBorrowFrom(home)) return;
    await moveExtension(client, one.name, home);
    borrowed.push(one);
  };
  return {
    borrowed,
    onSchema: async (schema) => {
      for (const one of inside.filter(({ relations }) => !relations.length))
        if (homeOf(one) === schema) await borrow(one);
    },
    onNeed: async (extension) => {
      for (const one of inside.filter(({ name }) => name === extension)) await borrow(one);
    },
    returnAll: async () => {
      for (const { name, schema } of borrowed) await moveExtension(client, name, schema);
    },
    get stayed() {
      return inside
        .filter((one) => !borrowed.includes(one))
        .map((one) => ({ name: one.name, schema: homeOf(one) }));
    },
  };
};
