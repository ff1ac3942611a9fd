import type pg from 'pg';
import { quoted } from '../../../../core/errors/base.ts';
import { ASIDE } from '../../schema-names/schema-names.ts';

/** Rights of the restore role outside the backup's own schemas: code that is evaluated with its rights has them too. */
export interface Reach {
  readonly self: string;
  readonly superuser: boolean;
  /** Owners of other schemas that the restore role is a member of. */
  readonly others: readonly string[];
}

/** Parameters: the backup's schemas, if they are live or being restored; roles that count as the backup's own. */
const REACH = `
  SELECT session_user::text AS self, pg_catalog.current_setting('is_superuser') = 'on' AS superuser,
    ARRAY(
      SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
      WHERE n.nspname <> ALL ($1) AND n.nspname !~ '${ASIDE}' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND r.rolname !~ '^pg_'
        AND r.rolname <> session_user AND r.rolname <> ALL ($2) AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace o WHERE (o.nspname = ANY ($1) OR o.nspname ~ '${ASIDE}') AND o.nspowner = r.oid)
      ORDER BY 1) AS others`;

/** @returns undefined if the restore role has no more rights than the code's own owner */
export const readReach = async (
  client: pg.Client,
  schemas: readonly string[],
  roles: readonly string[] = [],
): Promise<Reach | undefined> => {
  const [reach] = (await client.query<Reach>(REACH, [schemas, roles])).rows;
  return reach && (reach.superuser || reach.others.length) ? reach : undefined;
};

const NAMED = 5;
export const listed = (all: readonly string[]): string =>
  `${all.slice(0, NAMED).join(', ')}${all.length > NAMED ? ` and ${all.length - NAMED} more` : ''}`;

/** Completes a sentence after "runs as". */
export const reachOf = ({ self, superuser, others }: Reach): string =>
  superuser
    ? `${quoted(self)}, a superuser`
    : `${quoted(self)}, a member of owners of other schemas: ${listed(others.map(quoted))}`;
