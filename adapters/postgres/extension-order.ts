import type pg from 'pg';
import type { Manifest } from '../../core/manifest.ts';

/**
 * In which order extensions can be created, and what else they take. CREATE EXTENSION needs what an extension requires to be there; with
 * CASCADE it would create that as well, but all of it in one schema. So each comes after what it requires, in the schema that it
 * had at home.
 * https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-FILES-REQUIRES
 */
export type WantedExtension = Manifest['extensions'][number];

/** Of the version that CREATE EXTENSION takes. */
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

/** @returns `wanted`, each after those of them that it requires */
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
 * `wanted` that are not there, and what they require that is not there either, in the order in which they can be created.
 * @param home all extensions of the source's database, whose schemas they get; another gets that of who requires it, as CASCADE would give it
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
