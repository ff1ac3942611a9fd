import type { TableName } from '../../../core/restore.ts';
import type { Unfinished } from '../replay/unfinished-objects.ts';
import { identifier } from '../sql/identifiers.ts';

/** An object that is already reported as unfinished: a comparison leaves it out. */
export type ReportedObject = Pick<Unfinished, 'kind' | 'state' | 'on' | 'part'>;

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
