import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import { PermissionMissing } from '../../../core/errors/schema.ts';

/** Roles of which the session's role is a member without inheriting their rights: granted WITH INHERIT FALSE, or the role is NOINHERIT. */
const NOT_INHERITED = `
  SELECT r.rolname AS name FROM pg_catalog.pg_roles r
  WHERE pg_catalog.pg_has_role(r.oid, 'MEMBER') AND NOT pg_catalog.pg_has_role(r.oid, 'USAGE') ORDER BY 1 LIMIT 5`;

/**
 * The missing right may have been granted to a role whose rights are not inherited.
 *
 * @returns the error unchanged, or one that names those roles
 */
export const withMemberships = async (observer: pg.Client, error: unknown): Promise<unknown> => {
  if (!(error instanceof PermissionMissing)) return error;
  const found = await observer.query<{ name: string }>(NOT_INHERITED).catch(() => undefined);
  const names = found?.rows.map(({ name }) => quoted(name)) ?? [];
  if (!names.length) return error;
  return new PermissionMissing(
    error.message.replace(/\.$/, ''),
    `The backup role is a member of ${names.join(', ')} and does not inherit the rights: GRANT ${names.join(', ')} TO it WITH INHERIT TRUE, or before PostgreSQL 16 ALTER ROLE it INHERIT.`,
    { cause: error.cause },
  );
};
