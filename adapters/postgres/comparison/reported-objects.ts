import type pg from 'pg';
import type { TableName } from '../../../core/restore.ts';
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

const begins = (name: string, own: string, next: string): boolean =>
  name.startsWith(`${own}${next}`) || name.startsWith(`${identifier(own)}${next}`);

/** @param list of the inventory, which has `one` as SQL writes it */
export const isReported = (
  { kind, on, part }: ReportedObject,
  list: string,
  one: TableName,
): boolean => {
  if (on.schema !== one.schema || LISTS[kind] !== list) return false;
  if (part === undefined) return one.name === on.name || begins(one.name, on.name, '(');
  return isOn(one.name, { schema: one.schema, name: on.name }) && begins(one.name, part, ' ON ');
};

export const isUnfilled = (all: readonly ReportedObject[], { schema, name }: TableName): boolean =>
  all.some(({ state, on }) => state === 'unfilled' && on.schema === schema && on.name === name);

const NAMES = `
  SELECT 'table ' || (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0)).identity AS "table",
    'column ' || (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum)).identity AS column
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS given (schema, name, part)
  JOIN pg_catalog.pg_namespace n ON n.nspname = given.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = given.name
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = given.part AND NOT a.attisdropped`;

/** Columns that reported objects have changed, and their tables, as `kind identity`. */
export const changedColumns = async (
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
  return (await client.query<{ table: string; column: string }>(NAMES, parameters)).rows;
};
