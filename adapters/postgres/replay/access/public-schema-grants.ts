import type pg from 'pg';
import type { Manifest } from '../../../../core/manifest.ts';

/**
 * What initdb grants on the schema public is in no dump: pg_dump writes only what differs from it. Since 15 it takes PostgreSQL
 * 15's own grants for that, whatever the server's major is, and before 15 the server's (getNamespaces of
 * src/bin/pg_dump/pg_dump.c). So a new schema public begins with them; the dump's own GRANT and REVOKE, and its owner, come after.
 */
const INITIALLY_TO_PUBLIC = { since15: 'USAGE', before: 'USAGE, CREATE' };

/** Does nothing for schemas of other names. Under `owners: 'drop'` nothing is granted to anybody. */
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
