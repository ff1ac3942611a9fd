import type pg from 'pg';
import type { Definition, Manifest } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import { membersIn } from '../catalog/schema-members.ts';
import type { Unfinished } from '../replay/unfinished-objects.ts';
import { identifier } from '../sql/identifiers.ts';

/** An object that is already reported as unfinished: a comparison leaves it out. */
export type ReportedObject = Pick<Unfinished, 'kind' | 'state' | 'on' | 'part' | 'columns'>;

/** `"a trigger" ON "a table"`, as format('%I ON %I') writes it. */
export const isOn = (name: string, table: TableName): boolean =>
  name.endsWith(` ON ${table.name}`) || name.endsWith(` ON ${identifier(table.name)}`);

/** The inventory's lists of names. */
const LISTS: Readonly<Partial<Record<ReportedObject['kind'], string>>> = {
  trigger: 'triggers',
  policy: 'policies',
  view: 'views',
  routine: 'functions',
};

export const begins = (name: string, own: string, next: string): boolean =>
  name.startsWith(`${own}${next}`) || name.startsWith(`${identifier(own)}${next}`);

/** @param list the inventory's list that has `one`, as SQL writes it */
export const isReported = (
  { kind, on, part }: ReportedObject,
  list: string,
  one: TableName,
): boolean => {
  if (on.schema !== one.schema || LISTS[kind] !== list) return false;
  if (part === undefined) return one.name === on.name || begins(one.name, on.name, '(');
  return isOn(one.name, { schema: one.schema, name: on.name }) && begins(one.name, part, ' ON ');
};

const COLUMNS = `
  SELECT 'table ' || (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0)).identity AS "table",
    'column ' || (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum)).identity AS column
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS given (schema, name, part)
  JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = given.name
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = given.part AND NOT a.attisdropped`;

/** Columns that reported objects have changed, and their tables, as `kind identity`. */
const changedColumns = async (
  client: pg.Client,
  all: readonly Pick<Unfinished, 'columns'>[],
): Promise<readonly { readonly table: string; readonly column: string }[]> => {
  const changed = all.flatMap(({ columns = [] }) => columns);
  if (!changed.length) return [];
  const parameters = [
    changed.map(({ schema }) => schema),
    changed.map(({ name }) => name),
    changed.map(({ column }) => column),
  ];
  return (await client.query<{ table: string; column: string }>(COLUMNS, parameters)).rows;
};

/** Names, as the server writes them, of unfinished objects and of their dependents: the index of a constraint, objects that lack a part. */
const NAMES = `
  SELECT pg_catalog.format('%I on %I.%I', t.part, t.schema, t.name) AS part, pg_catalog.format('%I.%I', t.schema, t.part) AS index,
    pg_catalog.format('%I.%I', t.schema, t.name) AS itself
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) WITH ORDINALITY AS t (schema, name, part, i)
  ORDER BY i`;

const LACKING = `
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indrelid = ANY (ARRAY(${membersIn('pg_class')})) AND c.relkind = 'I' AND NOT i.indisvalid`;

const functionsNamed = (definitions: readonly Definition[], name: string): string[] =>
  definitions
    .filter((one) => one.kind === 'function' && one.name.startsWith(`${name}(`))
    .map((one) => `function ${one.name}`);

/** Definitions that differ because of it, as `kind identity`. */
export const reportedKeys = async (
  client: pg.Client,
  all: readonly ReportedObject[],
  { definitions = [] }: Pick<Manifest, 'definitions'>,
  schemaOids: readonly string[],
): Promise<ReadonlySet<string>> => {
  if (!all.length) return new Set();
  interface Names {
    readonly part: string;
    readonly index: string;
    readonly itself: string;
  }
  const { rows } = await client.query<Names>(NAMES, [
    all.map(({ on }) => on.schema ?? ''),
    all.map(({ on }) => on.name),
    all.map(({ part }) => part ?? ''),
  ]);
  const lacking = await client.query<{ name: string }>(LACKING, [schemaOids]);
  const keys = rows.flatMap(({ part, index, itself }, i) => {
    const { kind, state, columns } = all[i] ?? {};
    if (state === 'unfilled' || columns) return [];
    if (kind === 'view' || kind === 'statistics') return [`${kind} ${itself}`];
    if (kind === 'routine') return functionsNamed(definitions, itself);
    if (kind === 'other') return [`table ${itself}`, `index ${itself}`, `view ${itself}`];
    if (kind === 'trigger' || kind === 'policy') return [`${kind} ${part}`];
    return [`constraint ${part}`, `index ${index}`];
  });
  const changed = await changedColumns(client, all);
  return new Set([
    ...keys,
    ...changed.flatMap(({ table, column }) => [table, column]),
    ...lacking.rows.map(({ name }) => `index ${name}`),
  ]);
};
