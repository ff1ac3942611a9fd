import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import type { SchemaPlace } from '../../../core/restore.ts';
import type { Loaded, MarkerSecret } from '../../../core/restore-ports.ts';
import { membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { refusal } from '../replay/statement-errors.ts';
import { type ObjectComment, schemaComments } from '../schema-names/schema-names.ts';
import { type SourceAccess, withSession } from '../session/session.ts';
import { loadedThere, markerIn } from './marker.ts';

/** Whether a restore's transaction was committed, by the marker on its schema or, in a live schema, on a table. */
const TABLE_COMMENTS = `
  SELECT d.objoid::pg_catalog.text AS oid, d.description AS comment
  FROM pg_catalog.pg_description d
  WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
    AND d.objoid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND pg_catalog.starts_with(d.description, $2)`;

const tableComments = async (
  client: pg.Client,
  schemas: readonly string[],
  restoreId: string,
): Promise<readonly ObjectComment[]> => {
  const found = await client.query<ObjectComment>(TABLE_COMMENTS, [
    schemas,
    `Larder restore ${restoreId} `,
  ]);
  return found.rows;
};

const SESSION = { applicationName: `${APPLICATION}/restored`, statementTimeoutMs: 15_000 };

/** Before an exchange of names, which removes the markers: the restored schema still has its own name. */
export const findLoaded = async (
  access: SourceAccess,
  by: MarkerSecret,
  places: readonly SchemaPlace[],
): Promise<Loaded | undefined> =>
  await withSession(access, SESSION, async (client) => {
    const names = places.map(({ to }) => to);
    const comments = [
      ...(await schemaComments(client, names)).values(),
      ...(await tableComments(client, names, by.restoreId)),
    ];
    const [state] = comments.flatMap(({ comment, oid }) => markerIn(comment, by, oid)?.state ?? []);
    if (!state) return undefined;
    return loadedThere(state, places);
  }).catch((error: unknown) => {
    throw refusal(error, { object: 'the check of the restored schemas' });
  });
