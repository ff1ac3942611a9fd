import type pg from 'pg';
import { shown } from '../sql/describe-statement.ts';
import type { Name } from '../sql/kinds/word-cursor.ts';
import type { Word } from '../sql/statement-words.ts';
import type { Boundaries } from './statement-policy.ts';

/**
 * Objects that belong to an extension: pg_dump writes rows and values of its configuration tables, and grants and policies on its objects, as
 * if they belonged to the schema. If the extension existed before the restore, these statements would change objects of the live database.
 */
export interface ExtensionPart extends Name {
  readonly extension: string;
}

const named = (catalog: string, column: string): string => `
  SELECT e.extname AS extension, o.${column} AS name
  FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    AND d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass
  JOIN pg_catalog.${catalog} o ON o.oid = d.objid
  WHERE e.extname = ANY ($1)`;

const PARTS = [
  named('pg_class', 'relname'),
  named('pg_proc', 'proname'),
  named('pg_type', 'typname'),
  named('pg_operator', 'oprname'),
  named('pg_opclass', 'opcname'),
  named('pg_opfamily', 'opfname'),
  named('pg_collation', 'collname'),
  named('pg_ts_config', 'cfgname'),
  named('pg_ts_dict', 'dictname'),
].join(' UNION ');

export interface ExtensionPlace {
  readonly name: string;
  /** The schema that the backup uses to name the extension's parts. */
  readonly schema: string;
}

/** Parts of those of the extensions that the database has, under the backup's names. */
export const readExtensionParts = async (
  client: pg.Client,
  extensions: readonly ExtensionPlace[],
): Promise<readonly ExtensionPart[]> => {
  if (!extensions.length) return [];
  interface Row {
    readonly extension: string;
    readonly name: string;
  }
  const found = await client.query<Row>(PARTS, [extensions.map(({ name }) => name)]);
  const schemaOf = new Map(extensions.map(({ name, schema }) => [name, schema]));
  return found.rows.map(({ extension, name }) => ({
    extension,
    name,
    schema: schemaOf.get(extension) ?? null,
  }));
};

/** Extensions that existed before the restore and of which the words name a part, with its schema. */
export const extensionsNamed = (
  words: readonly Word[],
  { extensionParts, made }: Pick<Boundaries, 'extensionParts' | 'made'>,
): ReadonlySet<string> => {
  const found = new Set<string>();
  if (!extensionParts?.size) return found;
  for (const [at, dot] of words.entries()) {
    const [before, after] = [words[at - 1], words[at + 1]];
    if (dot.kind !== 'symbol' || dot.text !== '.' || before?.kind !== 'name' || !after) continue;
    const name = shown({ schema: before.text, name: after.text });
    const extension = made.has(name) ? undefined : extensionParts.get(name);
    if (extension !== undefined) found.add(extension);
  }
  return found;
};
