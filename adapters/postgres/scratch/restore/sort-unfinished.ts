import type pg from 'pg';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import { type Definition, type Manifest, schemasIn } from '../../../../core/manifest.ts';
import type { UnfinishedObject } from '../../../../core/restore.ts';
import type { Unfilled } from '../../comparison/compare-with-manifest.ts';
import { changedColumns } from '../../comparison/reported-objects.ts';
import { isOfTheDefinition, reported, type Unfinished } from '../../replay/unfinished-objects.ts';
import { type Circumstances, excuseFor, type FillingExcuse, missedElsewhere } from './excuse.ts';
import { excuseSentence } from './excuse-sentence.ts';
import { reachOfView } from './view-reach.ts';

/**
 * Sorts unfinished objects: if the scratch server lacks something that an object needs, the object is not compared, because that says
 * nothing about the backup. If rows of the backup itself violate its definitions, the result lists the object. Neither is damage.
 */
export interface SortedUnfinished {
  /** Materialized views that could not be filled. */
  readonly unfilled: readonly Unfilled[];
  readonly notChecked: readonly string[];
  /** The backup's own. */
  readonly unfinished: readonly UnfinishedObject[];
  /** Definitions that are other than at home for it, as `kind name`. */
  readonly excused: ReadonlySet<string>;
}

const excuseOf = async (
  client: pg.Client,
  one: Unfinished,
  given: Circumstances,
): Promise<FillingExcuse | undefined> => {
  const { error, on, state } = one;
  const { manifest } = given;
  if (state === 'unfilled' && on.schema !== null) {
    const missing = missedElsewhere(error, manifest);
    if (missing) return { kind: 'names-elsewhere', missing };
    const view = { schema: on.schema, name: on.name };
    const object = await reachOfView(client, view, schemasIn(manifest));
    if (object !== undefined) return { kind: 'reads-elsewhere', object };
  }
  return error instanceof StatementRefused ? excuseFor(error, given) : undefined;
};

/** Names, as the server writes them, of unfinished objects and of those that depend on them: an index of its constraint, those that lack a part. */
const NAMES = `
  SELECT pg_catalog.format('%I on %I.%I', t.part, t.schema, t.name) AS part, pg_catalog.format('%I.%I', t.schema, t.part) AS index,
    pg_catalog.format('%I.%I', t.schema, t.name) AS itself
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) WITH ORDINALITY AS t (schema, name, part, i)
  ORDER BY i`;

const LACKING = `
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY ($1) AND c.relkind = 'I' AND NOT i.indisvalid`;

const namesOf = async (
  client: pg.Client,
  all: readonly Unfinished[],
  manifest: Manifest,
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
  const lacking = await client.query<{ name: string }>(LACKING, [schemasIn(manifest)]);
  const keys = rows.flatMap(({ part, index, itself }, i) => {
    const { kind, state, columns } = all[i] ?? {};
    if (state === 'unfilled' || columns) return [];
    if (kind === 'view' || kind === 'statistics') return [`${kind} ${itself}`];
    if (kind === 'routine') return functionsNamed(manifest.definitions ?? [], itself);
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

const functionsNamed = (definitions: readonly Definition[], name: string): string[] =>
  definitions
    .filter((one) => one.kind === 'function' && one.name.startsWith(`${name}(`))
    .map((one) => `function ${one.name}`);

const isFilling = ({ state, on }: Unfinished): boolean =>
  state === 'unfilled' && on.schema !== null;

/** @throws what a statement was refused with that says nothing to PostgreSQL: it is damaged, and no matter of the rows */
export const sortUnfinished = async (
  client: pg.Client,
  all: readonly Unfinished[],
  given: Circumstances,
): Promise<SortedUnfinished> => {
  const unfilled: Unfilled[] = [];
  const notChecked: string[] = [];
  const unfinished: UnfinishedObject[] = [];
  for (const one of all) {
    const excuse = await excuseOf(client, one, given);
    if (!excuse && isOfTheDefinition(one)) throw one.error;
    const why = excuse && excuseSentence(excuse);
    if (why === undefined) unfinished.push(reported(one));
    else if (!isFilling(one))
      notChecked.push(`${one.object}: it could not be recreated here as it was, because ${why}`);
    if (isFilling(one)) {
      const { schema, name } = one.on;
      unfilled.push({ schema: schema ?? '', name, why: why ?? one.why });
    }
  }
  return { unfilled, notChecked, unfinished, excused: await namesOf(client, all, given.manifest) };
};
