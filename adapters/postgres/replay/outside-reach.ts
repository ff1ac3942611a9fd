import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { DumpUnreadable } from '../../../core/errors/restore.ts';
import type { Outside } from '../../../core/manifest.ts';
import { readOutside } from '../catalog/outside-dependencies.ts';

/** References from a restored schema to objects outside it. */
const OIDS = `
  SELECT pg_catalog.array_agg(oid::text) AS oids FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)`;

const oidsOf = async (client: pg.Client, schemas: readonly string[]): Promise<string[]> =>
  (await client.query<{ oids: string[] | null }>(OIDS, [schemas])).rows[0]?.oids ?? [];

/**
 * Objects of other schemas that these schemas depend on, each as `kind name`. Objects of an extension are
 * left out: every tenant may use them.
 */
export const reachesOf = async (
  client: pg.Client,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, Outside>> => {
  const oids = await oidsOf(client, schemas);
  const found = oids.length ? await readOutside(client, oids) : [];
  return new Map(
    found.filter(({ kind }) => kind !== 'extension').map((one) => [`${one.kind} ${one.name}`, one]),
  );
};

/**
 * A view, a default or a trigger that was not in the schema could read another tenant's tables. The manifest of an honest backup
 * lists all outside objects that its objects need. @throws DumpUnreadable
 */
export const refuseReaches = async (
  client: pg.Client,
  schemas: readonly string[],
  known: ReadonlySet<string>,
): Promise<void> => {
  for (const [key, { kind, name, neededBy }] of await reachesOf(client, schemas)) {
    if (known.has(key)) continue;
    throw new DumpUnreadable(
      `${quoted(neededBy[0] ?? '')}`,
      `it needs the ${kind} ${name}, which the manifest does not list among what the backup needs outside`,
    );
  }
};
