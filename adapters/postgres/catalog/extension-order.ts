import type pg from 'pg';
import type { Manifest } from '../../../core/manifest.ts';

/**
 * The order in which extensions can be created, with the extensions that they require. CREATE EXTENSION fails if a required extension is
 * missing; with CASCADE it creates them all in one schema. So each is created after those that it requires, in the schema that it
 * had at the source.
 * https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-FILES-REQUIRES
 */
export type WantedExtension = Manifest['extensions'][number];

/** For the version that CREATE EXTENSION installs. */
const REQUIRES = `
  SELECT v.name, v.requires::text[] AS requires, v.installed OR EXISTS (
      SELECT FROM pg_catalog.pg_extension x WHERE x.extname = v.name) AS there
  FROM pg_catalog.pg_available_extension_versions v
  JOIN pg_catalog.pg_available_extensions e ON e.name = v.name AND e.default_version = v.version`;

interface Known {
  readonly requires: readonly string[];
  readonly there: boolean;
}

const readRequires = async (client: pg.Client): Promise<ReadonlyMap<string, Known>> => {
  interface Row {
    readonly name: string;
    readonly requires: string[] | null;
    readonly there: boolean;
  }
  const { rows } = await client.query<Row>(REQUIRES);
  return new Map(
    rows.map(({ name, requires, there }) => [name, { requires: requires ?? [], there }]),
  );
};

/** @returns `wanted`, each after those that it requires */
export const inOrder = async <T extends WantedExtension>(
  client: pg.Client,
  wanted: readonly T[],
): Promise<T[]> => {
  if (wanted.length < 2) return [...wanted];
  const known = await readRequires(client);
  const ordered: T[] = [];
  const visit = (one: T): void => {
    if (ordered.includes(one)) return;
    for (const name of known.get(one.name)?.requires ?? []) {
      const other = wanted.find((each) => each.name === name);
      if (other) visit(other);
    }
    ordered.push(one);
  };
  for (const one of wanted) visit(one);
  return ordered;
};

/**
 * `wanted` extensions that do not exist, and missing ones that they require, in the order in which they can be created.
 * @param home all extensions of the source's database, whose schemas they get; another gets the schema of the extension that requires it,
 * as with CASCADE
 */
export const withRequired = async (
  client: pg.Client,
  wanted: readonly WantedExtension[],
  home: readonly WantedExtension[],
): Promise<WantedExtension[]> => {
  const known = await readRequires(client);
  const ordered: WantedExtension[] = [];
  const visit = (one: WantedExtension): void => {
    if (known.get(one.name)?.there || ordered.some(({ name }) => name === one.name)) return;
    for (const name of known.get(one.name)?.requires ?? []) {
      const found = [...wanted, ...home].find((each) => each.name === name);
      visit(found ?? { name, version: '', schema: one.schema });
    }
    ordered.push(one);
  };
  for (const one of wanted) visit(one);
  return ordered;
};
