import type pg from 'pg';
import * as z from 'zod';
import type { WrittenObject } from '../../../../core/errors/restore.ts';
import { CATALOGS, type Catalog, idOf, objectOf } from './catalog-writes.ts';

/**
 * Finds rows of system catalogs that existed before and that the transaction in progress has deleted, such as a dropped function or a
 * removed comment. A deleted row cannot be read in the transaction, so the server's statistics of the transaction name the catalogs, and
 * their rows are compared with those that another session sees.
 */
const DELETED = `
  SELECT c.name FROM pg_catalog.unnest($1::text[]) AS c (name)
  WHERE pg_catalog.current_setting('track_counts') <> 'on'
    OR pg_catalog.pg_stat_get_xact_tuples_deleted(('pg_catalog.' || c.name)::pg_catalog.regclass) > 0`;

/** A catalog whose rows have titles may have no OID, as pg_auth_members before PostgreSQL 16: its rows are compared as a whole. */
const keyOf = (catalog: Catalog): string =>
  catalog.title === undefined
    ? idOf(catalog)
    : `pg_catalog.jsonb_build_array(${catalog.title}, c::text)::text`;

const titled = z.tuple([z.string(), z.string()]);

const titleOf = (catalog: Catalog, key: string): string | null =>
  catalog.title === undefined ? null : titled.parse(JSON.parse(key))[0];

const idsIn = async (
  client: pg.Client,
  catalog: Catalog,
  among?: readonly string[],
): Promise<readonly string[]> => {
  const which = `WHERE ${catalog.only ?? 'true'} ${among ? `AND ${keyOf(catalog)} = ANY ($1::text[])` : ''}`;
  const sql = `SELECT ${keyOf(catalog)} AS id FROM pg_catalog.${catalog.name} c ${which}`;
  const found = await client.query<{ id: string }>(sql, among ? [among] : []);
  return found.rows.map(({ id }) => id);
};

/** Rows that only the other session sees. Read there a second time, because another session may have deleted them meanwhile. */
const deletedFrom = async (
  client: pg.Client,
  observer: pg.Client,
  catalog: Catalog,
): Promise<readonly string[]> => {
  const before = await idsIn(observer, catalog);
  const now = new Set(await idsIn(client, catalog));
  const missing = before.filter((id) => !now.has(id));
  return missing.length ? await idsIn(observer, catalog, missing) : [];
};

export const readDeleted = async (
  client: pg.Client,
  observer: pg.Client,
): Promise<readonly WrittenObject[]> => {
  const names = CATALOGS.filter(({ isColumnOf }) => !isColumnOf).map(({ name }) => name);
  const { rows } = await client.query<{ name: string }>(DELETED, [names]);
  const objects: WrittenObject[] = [];
  for (const catalog of CATALOGS.filter(({ name }) => rows.some((row) => row.name === name))) {
    for (const key of await deletedFrom(client, observer, catalog))
      objects.push(
        await objectOf(observer, {
          catalog: catalog.name,
          oid: key,
          title: titleOf(catalog, key),
          schema: '0',
          content: null,
        }),
      );
  }
  return objects;
};
