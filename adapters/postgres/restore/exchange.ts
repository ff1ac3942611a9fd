import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { RestoreRefused } from '../../../core/errors/restore.ts';
import { SchemaNotFound } from '../../../core/errors/schema.ts';
import type { SchemaPlace } from '../../../core/restore.ts';
import type { MarkerSecret, RenameOptions } from '../../../core/restore-ports.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { dependentOf, findDependents } from '../dependents/find-dependents.ts';
import { lockDependents, type Repointed, readBindings, repoint } from '../dependents/repoint.ts';
import { refuseNotOwned } from '../projects/schema-ownership.ts';
import { moveExtension } from '../schema-names/extension-owners.ts';
import {
  extensionsIn,
  type Oids,
  refuseTaken,
  renameSchema,
  schemaComments,
  schemaOids,
  schemasThere,
  setSchemaComment,
} from '../schema-names/schema-names.ts';
import type { SourceAccess } from '../session/session.ts';
import { qualified } from '../sql/identifiers.ts';
import { asideComment, asideIn, markerIn, unmarked } from './marker.ts';

/**
 * The exchange of names within its transaction. Renaming a schema takes no lock on its tables. A transaction that has begun to write into
 * the old schema would therefore go on writing there after the exchange, and the application would lose its rows. So all tables are locked
 * against writes first: running writes end before the exchange, and later ones find the new tables.
 */
const LONGEST_LOCKING_MS = 600;

/** Views, sequences and indexes are not locked, because only tables hold rows. Partitions are locked with their parents, or on their own. */
const TABLES = `
  SELECT (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = c.relnamespace) AS schema, c.relname AS name,
    NOT pg_catalog.has_table_privilege(c.oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 170000
      THEN 'UPDATE, DELETE, TRUNCATE, MAINTAIN' ELSE 'UPDATE, DELETE, TRUNCATE' END) AS closed
  FROM pg_catalog.pg_class c
  WHERE c.oid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND c.relkind IN ('r', 'p') ORDER BY c.oid`;

interface Lockable {
  readonly schema: string;
  readonly name: string;
  readonly closed: boolean;
}

/** TRUNCATE is the only one of these privileges that columns do not have: revoking it revokes nothing else. */
const rightsToLock = (tables: readonly Lockable[]): readonly string[] =>
  tables
    .filter(({ closed }) => closed)
    .map(({ schema, name }) => `TRUNCATE ON TABLE ${qualified(schema, name)}`);

/** The wait for each lock is short, and so is the wait for all of them, because writers queue behind the locks that we hold. */
const lockTables = async (client: pg.Client, schemas: readonly string[]): Promise<void> => {
  const found = await client.query<Lockable>(TABLES, [schemas]);
  const names = found.rows.map(({ schema, name }) => `ONLY ${qualified(schema, name)}`);
  if (!names.length) return;
  // An owner may have revoked its own rights, for example to protect rows from any change.
  const rights = rightsToLock(found.rows);
  for (const right of rights) await client.query(`GRANT ${right} TO CURRENT_USER`);
  await client.query(`SET LOCAL statement_timeout = ${LONGEST_LOCKING_MS}`);
  await client.query(`LOCK TABLE ${names.join(', ')} IN SHARE ROW EXCLUSIVE MODE`);
  for (const right of rights) await client.query(`REVOKE ${right} FROM CURRENT_USER`);
  await client.query('SET LOCAL statement_timeout = 0');
};

/** The place whose schema gets the name that this one gives up. */
const takerOf = (places: readonly SchemaPlace[], { from }: SchemaPlace): SchemaPlace | undefined =>
  places.find(({ to }) => to === from);

/**
 * Whether the exchange has happened before, by the marker on a schema that was set aside. If no schema was set aside, there is no marker:
 * then it has happened if all old names are gone and all new ones exist.
 */
export const isExchanged = async (
  client: pg.Client,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
): Promise<boolean> => {
  const aside = places.find((place) => takerOf(places, place));
  if (aside) {
    const said = (await schemaComments(client, [aside.to])).get(aside.to);
    return asideIn(said?.comment, by, said?.oid) !== undefined;
  }
  const there = await schemasThere(
    client,
    places.flatMap(({ from, to }) => [from, to]),
  );
  return places.every(({ from, to }) => there.has(to) && !there.has(from));
};

const refuseMissing = async (
  client: pg.Client,
  places: readonly SchemaPlace[],
  oids: Oids,
): Promise<void> => {
  const missing = places.find(({ from }) => !oids.has(from));
  if (!missing) return;
  const { rows } = await client.query<{ name: string }>(
    'SELECT pg_catalog.current_database() AS name',
  );
  throw new SchemaNotFound(missing.from, rows[0]?.name ?? '');
};

/** By schema. */
type Comments = Awaited<ReturnType<typeof schemaComments>>;

/** The schema that is set aside must be the one that took the name of the schema that returns. @throws RestoreRefused */
const refuseExchangedSince = (
  places: readonly SchemaPlace[],
  comments: Comments,
  oids: Oids,
  undoes: MarkerSecret,
): void => {
  const back = places.filter(({ to }) => places.some(({ from }) => from === to));
  const problems = back.flatMap(({ from, to }) => {
    const byHand = `look at both, then exchange them by ALTER SCHEMA ... RENAME TO`;
    const mark = asideIn(comments.get(from)?.comment, undoes, oids.get(from));
    if (!mark) {
      return [
        `Schema ${quoted(from)} no longer has the marker with which restore ${undoes.restoreId} set it aside: its comment was changed, or another schema has that name now. If it is the right one, ${byHand}.`,
      ];
    }
    if (mark.takenBy === oids.get(to)) return [];
    return [
      `Schema ${quoted(to)} is not the schema of restore ${undoes.restoreId}: it was exchanged since. Undo the later swap first, or ${byHand}.`,
    ];
  });
  if (problems.length) throw new RestoreRefused(problems);
};

/** A restored schema may have been dropped, and another one created under its name. @throws RestoreRefused */
const refuseNotLoaded = (
  places: readonly SchemaPlace[],
  comments: Comments,
  oids: Oids,
  by: MarkerSecret,
): void => {
  const others = places
    .filter((place) => !takerOf(places, place))
    .filter(({ from }) => !markerIn(comments.get(from)?.comment, by, oids.get(from)));
  if (!others.length) return;
  throw new RestoreRefused(
    others.map(
      ({ from }) =>
        `Schema ${quoted(from)} no longer has the marker of this restore: its comment was changed, or another schema has that name now. Request the swap again.`,
    ),
  );
};

/** During this query, all writers of the tables wait. */
const LIST_TIMEOUT_MS = 2000;

/** Another project may have taken the names at any time before; the present owner decides. @throws SchemaNotOwned */
const refuseOthers = async (
  client: pg.Client,
  access: SourceAccess,
  places: readonly SchemaPlace[],
  { project, names }: Pick<RenameOptions, 'project' | 'names'>,
  oids: Oids,
): Promise<void> => {
  const all = new Set(places.flatMap(({ from, to }) => [from, to]));
  const uses = [...all].map((schema) => ({
    schema,
    use: names.includes(schema) ? ('exchange' as const) : ('take' as const),
    live: oids.has(schema),
  }));
  await refuseNotOwned(client, access, { project, uses, timeoutMs: LIST_TIMEOUT_MS });
};

/** @throws RestoreRefused if a live schema is not the one in the safety backup */
const refuseReplaced = (expected: RenameOptions['expected'] = [], oids: Oids): void => {
  const replaced = expected.filter(({ schema, oid }) => oids.get(schema) !== oid);
  if (!replaced.length) return;
  throw new RestoreRefused(
    replaced.map(
      ({ schema }) =>
        `Schema ${quoted(schema)} is not the one that the safety backup holds: another schema has taken its name. Request the swap again.`,
    ),
  );
};

export interface Exchanged extends Repointed {
  /** OIDs of the schemas, by their old names. */
  readonly oids: Oids;
}

/** Schemas whose name another schema takes. */
export const placesSetAside = (places: readonly SchemaPlace[]): readonly SchemaPlace[] =>
  places.filter((place) => takerOf(places, place));

/** In the caller's transaction. @throws SchemaNotOwned, RestoreRefused, SchemaNotFound */
export const exchange = async (
  client: pg.Client,
  access: SourceAccess,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
  options: RenameOptions,
): Promise<Exchanged> => {
  const { undoes, repoint: wanted } = options;
  const from = places.map((place) => place.from);
  await refuseMissing(client, places, await schemaOids(client, from));
  await refuseTaken(
    client,
    places.filter(({ to }) => !from.includes(to)),
  );
  const aside = placesSetAside(places);
  const live = aside.map((place) => place.from);
  const first = await findDependents(client, live, aside);
  await lockTables(client, from);
  if (wanted) await lockDependents(client, first);
  // Read again under their locks: another session may have changed a definition meanwhile.
  const dependents = wanted && first.length ? await findDependents(client, live, aside) : first;
  const bindings = wanted ? await readBindings(client, dependents) : new Map<string, string>();
  const extensions = await extensionsIn(client, from);
  const comments = await schemaComments(client, from);
  const oids = await schemaOids(client, from);
  await refuseOthers(client, access, places, options, oids);
  refuseReplaced(options.expected, oids);
  if (undoes) refuseExchangedSince(places, comments, oids, undoes);
  if (options.loaded) refuseNotLoaded(places, comments, oids, by);
  for (const place of places) await renameSchema(client, place);
  // Applications qualify an extension's objects with its schema's name: so it stays in the schema that has that name.
  for (const { name, schema } of extensions) {
    if (places.some(({ to }) => to === schema)) await moveExtension(client, name, schema);
  }
  for (const place of places) {
    const comment = comments.get(place.from)?.comment ?? undefined;
    const own = unmarked(comment);
    const of = oids.get(place.from);
    const takenBy = oids.get(takerOf(places, place)?.from ?? '');
    if (takenBy !== undefined)
      await setSchemaComment(client, place.to, asideComment({ takenBy, of }, own, by));
    else if (own !== comment) await setSchemaComment(client, place.to, own);
  }
  const repointed = wanted
    ? await repoint(client, dependents, bindings, wanted.acceptOthers)
    : { dependents: dependents.map((one) => dependentOf(one, 'not-done')), keys: [] };
  return { oids, ...repointed };
};
