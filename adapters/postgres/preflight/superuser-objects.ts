import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { type SuperuserObject, tableKey } from '../../../core/manifest.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import type { Findings } from './rights.ts';

/**
 * Objects that only a superuser may create, and a restore role that is none. Under `report` they are left out and listed with their
 * statements, and so is what needs them. A table with a column of a base type cannot be restored without the type.
 */
const NONE: Findings = { problems: [], warnings: [] };

const NAMED = 5;
const listed = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

const nameOf = ({ kind, schema, name }: SuperuserObject): string =>
  `${kind} ${quoted(`${schema}.${name}`)}`;

/** Tables that need one of the types, among the restored ones. */
const tablesOf = (
  objects: readonly SuperuserObject[],
  { tables }: Pick<PreflightRequest, 'tables'>,
): readonly string[] => {
  const wanted = tables && new Set(tables.map(({ schema, name }) => tableKey(schema, name)));
  const all = objects
    .flatMap((one) => one.tables ?? [])
    .filter(({ schema, name }) => !wanted || wanted.has(tableKey(schema, name)))
    .map(({ schema, name }) => quoted(`${schema}.${name}`));
  return [...new Set(all)].sort();
};

const WAYS =
  'Restore it with a login that is a superuser, into a database of its own: POST .../elsewhere, or by hand, as GET .../restore-guide says.';

const ofTables = (
  types: readonly SuperuserObject[],
  tables: readonly string[],
  { mode, onConflict, tables: chosen }: PreflightRequest,
): Findings => {
  const said = `Only a superuser may create ${listed(types.map(nameOf))}, and tables have columns of such types: ${listed(tables)}.`;
  const mayMiss = onConflict === 'report' && !chosen && (mode === 'beside' || mode === 'elsewhere');
  if (mayMiss)
    return {
      problems: [],
      warnings: [
        `${said} The restore leaves these tables out, with their rows and what needs them, and lists each. ${WAYS}`,
      ],
    };
  const without =
    mode === 'beside' || mode === 'elsewhere'
      ? 'With "onConflict": "report", without chosen tables, everything else is restored.'
      : 'A restore beside with "onConflict": "report" restores everything else.';
  return { problems: [`${said} ${without} ${WAYS}`], warnings: [] };
};

const ofOthers = (
  others: readonly SuperuserObject[],
  { onConflict }: PreflightRequest,
): Findings => {
  const said = `Only a superuser may create ${listed(others.map(nameOf))}.`;
  if (onConflict === 'report')
    return {
      problems: [],
      warnings: [
        `${said} The restore leaves ${others.length === 1 ? 'it' : 'them'} out, with what needs ${others.length === 1 ? 'it' : 'them'}, and lists each with its statement.`,
      ],
    };
  return {
    problems: [
      `${said} With "onConflict": "report" the rest is restored, and each is listed with the statement that a superuser can run.`,
    ],
    warnings: [],
  };
};

const IS_SUPERUSER = `SELECT pg_catalog.current_setting('is_superuser') = 'on' AS is`;

export const checkSuperuserObjects = async (
  client: pg.Client,
  request: PreflightRequest,
): Promise<Findings> => {
  const { manifest, tables: chosen } = request;
  const { superuserObjects: objects = [] } = manifest;
  if (!objects.length) return NONE;
  if ((await client.query<{ is: boolean }>(IS_SUPERUSER)).rows[0]?.is) return NONE;
  const types = objects.filter((one) => one.tables?.length);
  const tables = tablesOf(types, request);
  // Chosen tables come with the functions that they need only if nothing of them is live: the restore itself reports those.
  const others = chosen ? [] : objects.filter((one) => !types.includes(one));
  const found = [
    ...(tables.length ? [ofTables(types, tables, request)] : []),
    ...(others.length ? [ofOthers(others, request)] : []),
  ];
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  };
};
