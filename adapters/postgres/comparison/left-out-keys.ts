import type pg from 'pg';
import type { Definition, Manifest } from '../../../core/manifest.ts';
import type { TableName } from '../../../core/restore.ts';
import type { LeftOutObject } from '../replay/left-out-object.ts';
import { begins, isOn } from './reported-objects.ts';

/** Which definitions of the manifest belong to objects that were left out. */
export interface LeftOutKeys {
  /** As `kind identity`: they may be missing. */
  readonly absent: ReadonlySet<string>;
  /** They exist, and may differ. */
  readonly changed: ReadonlySet<string>;
}

/** Names as pg_identify_object begins or ends them; an operator's is never quoted. */
const NAMES = `
  SELECT CASE WHEN t.what = 'operator' THEN pg_catalog.format('%I.%s', t.schema, t.name) ELSE pg_catalog.format('%I.%I', t.schema, t.name) END AS itself,
    pg_catalog.format('%I on %I.%I', t.name, t.schema, t.table) AS part
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]))
    WITH ORDINALITY AS t (what, schema, name, "table", i)
  ORDER BY i`;

interface Names {
  readonly itself: string;
  readonly part: string;
}

/** Its own definition, and those of its columns, constraints, triggers and the like. */
const belongsTo = ({ name }: Definition, { itself, part }: Names, isPart: boolean): boolean =>
  name === itself ||
  (isPart ? name === part : name.endsWith(` on ${itself}`)) ||
  ['(', ' ', '.'].some((next) => name.startsWith(`${itself}${next}`));

export const leftOutKeys = async (
  client: pg.Client,
  all: readonly LeftOutObject[],
  { definitions = [] }: Pick<Manifest, 'definitions'>,
): Promise<LeftOutKeys> => {
  if (!all.length) return { absent: new Set(), changed: new Set() };
  const { rows } = await client.query<Names>(NAMES, [
    all.map(({ what }) => what),
    all.map(({ name, table }) => name.schema ?? table?.schema ?? ''),
    all.map(({ name }) => name.name),
    all.map(({ table }) => table?.name ?? ''),
  ]);
  const keysOf = (isPartly: boolean): ReadonlySet<string> =>
    new Set(
      all.flatMap((one, i) => {
        const names = rows[i];
        if (!names || one.isPartly !== isPartly) return [];
        const own = definitions.filter((each) => belongsTo(each, names, one.table !== undefined));
        return own.map(({ kind, name }) => `${kind} ${name}`);
      }),
    );
  return { absent: keysOf(false), changed: keysOf(true) };
};

const ROUTINES = ['function', 'procedure', 'aggregate'];

/**
 * Without routines that cannot be distinguished from others: a statement does not name argument types as the catalog writes them. So if
 * more routines of one name are missing than were left out, none of them counts as left out.
 */
export const withoutLost = (
  all: readonly LeftOutObject[],
  was: readonly TableName[],
  is: readonly TableName[],
): readonly LeftOutObject[] => {
  const ofName = (routines: readonly TableName[], { name }: LeftOutObject): number =>
    routines.filter((one) => one.schema === name.schema && begins(one.name, name.name, '(')).length;
  const isRoutine = ({ what, isPartly }: LeftOutObject): boolean =>
    !isPartly && ROUTINES.includes(what);
  return all.filter((one) => {
    if (!isRoutine(one)) return true;
    const { schema, name } = one.name;
    const leftOut = all.filter(
      (each) => isRoutine(each) && each.name.schema === schema && each.name.name === name,
    ).length;
    return ofName(was, one) - ofName(is, one) <= leftOut;
  });
};

/** Whether an object of the inventory's lists of names belongs to one that was left out. */
export const isLeftOutName = (all: readonly LeftOutObject[], one: TableName): boolean =>
  all.some(({ name, table, isPartly }) => {
    if (isPartly || (name.schema ?? table?.schema) !== one.schema) return false;
    const on = table ? { schema: one.schema, name: table.name } : undefined;
    if (on && isOn(one.name, on)) return begins(one.name, name.name, ' ON ');
    return (
      one.name === name.name ||
      begins(one.name, name.name, '(') ||
      isOn(one.name, { schema: one.schema, name: name.name })
    );
  });
