import type pg from 'pg';
import type { SchemaPlace } from '../../../core/restore.ts';
import {
  DEPENDENT_KINDS,
  type Dependent,
  type DependentKind,
  type DependentObstacle,
  OBSTACLES,
} from '../../../core/restore-dependents.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { validate } from '../replay/foreign-keys/partition-keys.ts';
import {
  CHECKS,
  FUNCTIONS,
  KEYS,
  OTHERS,
  POLICIES,
  publications,
  SCHEMA_PUBLICATIONS,
  SUBSCRIPTIONS,
  TRIGGERS,
} from './constraints-and-code.ts';
import { type DependentRow, HANGING, type Hanging } from './dependent-rows.ts';
import { CASTS, EVENT_TRIGGERS, TRANSFORMS } from './outside-schemas.ts';
import {
  CHILDREN,
  COLUMNS,
  DEFAULTS,
  INDEXES,
  PARTS_OF_OTHERS,
  RULES,
  VIEWS,
} from './relations.ts';

/** A dependent, with the statements that recreate it. Those that find it only read. */
export interface FoundDependent {
  readonly kind: DependentKind;
  readonly name: string;
  readonly owner?: string;
  /** Absent if it can be repointed in the transaction that exchanges the names. */
  readonly obstacle?: DependentObstacle;
  /** Run after the exchange of names. */
  readonly statements: readonly string[];
  /** Run as the owner, who has the right to change it. Otherwise run as the restore role, a member of all roles whose rights it uses. */
  readonly asOwner: boolean;
  /** The relation that is changed, as SQL names it. */
  readonly relation?: string;
  readonly isView: boolean;
  /** Where pg_depend has its bindings, before and after. */
  readonly entry?: { readonly class: string; readonly oid: string };
  /** A key is added NOT VALID, and validated afterwards. */
  readonly key?: OutsideForeignKey;
}

/** By the groups of HANGING. */
const QUERIES = {
  view: VIEWS,
  rule: RULES,
  key: KEYS,
  check: CHECKS,
  default: DEFAULTS,
  trigger: TRIGGERS,
  policy: POLICIES,
  function: FUNCTIONS,
  column: COLUMNS,
  child: CHILDREN,
  index: INDEXES,
  cast: CASTS,
  transform: TRANSFORMS,
  event: EVENT_TRIGGERS,
} as const;

const OF_MANY_OWNERS: readonly string[] = [
  'publication',
  'publication of the schema',
  'child table',
  'partition',
];

const keyOf = ({ key }: DependentRow): OutsideForeignKey | undefined =>
  key
    ? {
        table: { schema: key.schema, name: key.table },
        name: key.name,
        sql: key.add,
        inUse: true,
        ...(!key.valid && { neverValidated: true }),
        ...(key.comment !== null && { comment: key.comment }),
      }
    : undefined;

const foundOf = (row: DependentRow): FoundDependent => {
  const key = keyOf(row);
  const named = OBSTACLES.find((one) => one === row.obstacle);
  const obstacle = named ?? (row.settable ? undefined : 'owner');
  return {
    kind: DEPENDENT_KINDS.find((one) => one === row.kind) ?? 'other',
    name: row.name,
    ...(row.owner !== null && { owner: row.owner }),
    ...(obstacle && { obstacle }),
    statements: row.statements,
    asOwner: !OF_MANY_OWNERS.includes(row.kind),
    ...(row.relation && { relation: row.relation }),
    isView: row.view ?? false,
    ...(row.class && row.oid && { entry: { class: row.class, oid: row.oid } }),
    ...(key && { key }),
  };
};

/** Each query uses some of the four parameters, and PostgreSQL must know the types of all. */
const GIVEN =
  'WITH RECURSIVE given AS (SELECT $1::pg_catalog.oid[], $2::pg_catalog.oid[], $3::text[], $4::text[])';

const CIRCUMSTANCES = `
  SELECT ARRAY(SELECT oid::text FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) ORDER BY 1) AS oids,
    pg_catalog.current_setting('server_version_num')::int >= 150000 AS is15`;

/**
 * Finds the objects of other schemas that depend on live schemas.
 * @param live the schemas' names, under which the definitions are found
 * @param before the names that they get; a schema without one is reported under its present name
 */
export const findDependents = async (
  client: pg.Client,
  live: readonly string[],
  before: readonly SchemaPlace[],
): Promise<readonly FoundDependent[]> => {
  interface Circumstances {
    readonly oids: string[];
    readonly is15: boolean;
  }
  const [row] = (await client.query<Circumstances>(CIRCUMSTANCES, [live])).rows;
  const { oids = [], is15 = false } = row ?? {};
  if (!oids.length) return [];
  const hanging = (await client.query<Hanging>(HANGING, [oids])).rows;
  const names = [before.map(({ from }) => from), before.map(({ to }) => to)];
  const rows: DependentRow[] = [];
  const ask = async (sql: string, wanted: readonly string[]): Promise<void> => {
    if (!wanted.length) return;
    rows.push(
      ...(await client.query<DependentRow>(`${GIVEN}${sql}`, [wanted, oids, ...names])).rows,
    );
  };
  const of = (group: string): readonly string[] => [
    ...new Set(
      hanging
        .filter(({ groups }) => groups.includes(group))
        .map(({ oid, view }) => (group === 'view' ? (view ?? oid) : oid)),
    ),
  ];
  for (const [group, sql] of Object.entries(QUERIES)) await ask(sql, of(group));
  await ask(publications(is15), of('publication'));
  if (is15) await ask(SCHEMA_PUBLICATIONS, oids);
  await ask(SUBSCRIPTIONS, oids);
  await ask(PARTS_OF_OTHERS, oids);
  const others = hanging.filter(({ groups }) => groups.includes('other'));
  if (others.length) {
    const given = [others.map((one) => one.class), others.map(({ oid }) => oid)];
    rows.push(...(await client.query<DependentRow>(OTHERS, given)).rows);
  }
  return rows.map(foundOf);
};

/** As the report and the outcome show it. */
export const dependentOf = (
  { kind, name, owner, obstacle, statements, key }: FoundDependent,
  repoint: Dependent['repoint'] = obstacle ? 'impossible' : 'possible',
): Dependent => {
  const all = [...statements, ...(key && !key.neverValidated ? [validate(key)] : [])];
  return {
    kind,
    name,
    ...(owner !== undefined && { owner }),
    repoint,
    ...(obstacle && { obstacle }),
    ...(statements.length > 0 && { sql: all.join(';\n') }),
  };
};
