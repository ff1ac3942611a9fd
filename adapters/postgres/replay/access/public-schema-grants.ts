import type pg from 'pg';
import type { Manifest } from '../../../../core/manifest.ts';

/**
 * No dump contains the initial grants of initdb on the schema public: pg_dump writes only the differences. From version 15 on,
 * pg_dump compares with the grants of PostgreSQL 15, whatever the server's major version; before 15, with the server's
 * (getNamespaces of src/bin/pg_dump/pg_dump.c). So a new schema public gets these grants first; the dump's own GRANT and REVOKE,
 * and its owner, follow.
 */
const INITIALLY_TO_PUBLIC = { since15: 'USAGE', before: 'USAGE, CREATE' };

/** Does nothing for schemas of other names. Under `owners: 'drop'` no role gets a grant. */
export const grantAsInitdb = async (
  client: pg.Client,
  schema: string,
  { manifest, owners }: { readonly manifest: Manifest; readonly owners: 'keep' | 'drop' },
): Promise<void> => {
  if (schema !== 'public' || owners === 'drop') return;
  const { since15, before } = INITIALLY_TO_PUBLIC;
  const rights = Number.parseInt(manifest.tool.pgDump, 10) >= 15 ? since15 : before;
  await client.query(`GRANT ${rights} ON SCHEMA public TO PUBLIC`);
};
