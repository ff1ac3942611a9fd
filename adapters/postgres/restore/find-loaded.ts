import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import type { SchemaPlace } from '../../../core/restore.ts';
import type { Loaded } from '../../../core/restore-ports.ts';
import { type SourceAccess, withSession } from '../session.ts';
import { keyThere, type Mark, markIn } from './mark.ts';
import { schemaComments } from './places.ts';
import { refusal } from './refusals.ts';

/** Whether a restore's transaction was committed, by the mark that it left on its schema or, in a live one, on a table. */
const TABLE_COMMENTS = `
  SELECT n.nspname AS schema, d.description AS comment
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = c.oid AND d.objsubid = 0
  WHERE n.nspname = ANY ($1) AND pg_catalog.starts_with(d.description, $2)`;

const marksOnTables = async (
  client: pg.Client,
  schemas: readonly string[],
  restoreId: string,
): Promise<Mark[]> => {
  const found = await client.query<{ comment: string }>(TABLE_COMMENTS, [
    schemas,
    `Larder restore ${restoreId} `,
  ]);
  return found.rows.flatMap(({ comment }) => markIn(comment) ?? []);
};

const SESSION = { applicationName: `${APPLICATION}/restored`, statementTimeoutMs: 15_000 };

/** After a swap, what was restored has the backup's own name. */
export const findLoaded = async (
  access: SourceAccess,
  restoreId: string,
  places: readonly SchemaPlace[],
): Promise<Loaded | undefined> =>
  await withSession(access, SESSION, async (client) => {
    const names = places.flatMap(({ from, to }) => [to, from]);
    const comments = await schemaComments(client, names);
    const isOurs = (name: string): boolean =>
      markIn(comments.get(name) ?? null)?.restoreId === restoreId;
    const marks = [
      ...names.filter(isOurs).flatMap((name) => markIn(comments.get(name) ?? null) ?? []),
      ...(await marksOnTables(client, names, restoreId)),
    ];
    const state = marks.find((mark) => mark.restoreId === restoreId && mark.state)?.state;
    if (!state) return undefined;
    const nowOf = (schema: string): string => {
      const place = places.find(({ from }) => from === schema);
      return place && isOurs(place.to) ? place.to : schema;
    };
    return {
      ...state,
      foreignKeys: state.foreignKeys.map((key) => keyThere(key, nowOf(key.schema))),
    };
  }).catch((error: unknown) => {
    throw refusal(error, { object: 'the look at what was restored' });
  });
