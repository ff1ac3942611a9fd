import type pg from 'pg';
import { quoted } from '../../../core/errors/base.ts';
import type { TableName } from '../../../core/restore.ts';
import type { OutsideForeignKey } from '../../../core/restore-ports.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { codeOf, isBusy, TRIES } from './short-transaction.ts';

/** Why a key is missing or not valid. */
export type KeyReason =
  | { readonly kind: 'no-key' }
  | { readonly kind: 'never-validated' }
  | { readonly kind: 'violated' }
  | { readonly kind: 'parts-violated' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'may-not-refer'; readonly owner: string; readonly to: TableName }
  | { readonly kind: 'may-not-enter'; readonly schema: string }
  | { readonly kind: 'policies-forced'; readonly on: TableName }
  | { readonly kind: 'refused'; readonly message: string };

/** Rows of partitions violate their keys. */
export class PartsViolated extends Error {}

const DENIED = '42501';
export const VIOLATED = '23503';

/**
 * The restore role adds a key, usually with the rights of an owner that it is a member of; the owner validates it. Either table may have a
 * policy that is forced on the owner. Parameters: schema and name of the key's table, then of the referenced table.
 */
const RIGHTS = `
  SELECT w.rolname AS owner,
    pg_catalog.has_table_privilege(f.oid, 'REFERENCES') OR pg_catalog.has_any_column_privilege(f.oid, 'REFERENCES')
      OR pg_catalog.has_table_privilege(w.oid, f.oid, 'REFERENCES') OR pg_catalog.has_any_column_privilege(w.oid, f.oid, 'REFERENCES') AS refers,
    pg_catalog.has_schema_privilege(f.relnamespace, 'USAGE') AS enters,
    NOT w.rolbypassrls AND c.relrowsecurity AND c.relforcerowsecurity AS forced,
    NOT w.rolbypassrls AND f.relrowsecurity AND f.relforcerowsecurity AND pg_catalog.pg_has_role(w.oid, f.relowner, 'USAGE') AS "otherForced"
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles w ON w.oid = c.relowner,
    pg_catalog.pg_class f JOIN pg_catalog.pg_namespace m ON m.oid = f.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND m.nspname = $3 AND f.relname = $4`;

interface Rights {
  readonly owner: string;
  readonly refers: boolean;
  readonly enters: boolean;
  readonly forced: boolean;
  readonly otherForced: boolean;
}

const whyDenied = async (
  client: pg.Client,
  { table, inUse }: OutsideForeignKey,
  to: TableName,
  isThere: boolean,
): Promise<KeyReason | undefined> => {
  const [rights] = (
    await client.query<Rights>(RIGHTS, [table.schema, table.name, to.schema, to.name])
  ).rows;
  if (!rights) return undefined;
  const { owner, refers, enters, forced, otherForced } = rights;
  if (isThere && forced && inUse) return { kind: 'policies-forced', on: table };
  if (isThere && otherForced) return { kind: 'policies-forced', on: to };
  if (!enters) return { kind: 'may-not-enter', schema: to.schema };
  return refers ? undefined : { kind: 'may-not-refer', owner, to };
};

/** @param to the referenced table */
export const keyReason = async (
  client: pg.Client,
  key: OutsideForeignKey,
  to: TableName | undefined,
  error: unknown,
  isThere: boolean,
): Promise<KeyReason> => {
  if (error instanceof PartsViolated) return { kind: 'parts-violated' };
  const code = codeOf(error);
  if (code === VIOLATED) return { kind: 'violated' };
  if (isBusy(error)) return { kind: 'busy' };
  const denied = code === DENIED && to ? await whyDenied(client, key, to, isThere) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return denied ?? { kind: 'refused', message };
};

const nameOf = ({ schema, name }: TableName): string => quoted(`${schema}.${name}`);

/** A sentence without its full stop. */
export const keyReasonText = (reason: KeyReason): string => {
  switch (reason.kind) {
    case 'no-key':
      return 'its statement is not a single foreign key of this table';
    case 'never-validated':
      return 'the source had never validated it either';
    case 'violated':
      return 'rows refer to what is no longer there: find them, then ALTER TABLE ... VALIDATE CONSTRAINT';
    case 'parts-violated':
      return 'rows refer to what is no longer there: find them, then run these statements';
    case 'busy':
      return `other sessions held locks on its table, or on the table that it refers to, at each of ${TRIES} tries: add it when there is less load`;
    case 'may-not-refer':
      return `neither the restore role nor ${quoted(reason.owner)}, the owner of its table, may refer to ${nameOf(reason.to)}: GRANT REFERENCES ON TABLE ${qualified(reason.to.schema, reason.to.name)} TO ${identifier(reason.owner)}, then add the constraint`;
    case 'may-not-enter':
      return `the restore role has no USAGE on schema ${quoted(reason.schema)}, which has the table that it refers to: GRANT it, then add the constraint`;
    case 'policies-forced':
      return `row-level security is forced on the owner of ${nameOf(reason.on)}, so that its policies may hide rows from the check: run the statement as a superuser, or as a member of the owner of its table that has BYPASSRLS`;
    case 'refused':
      return reason.message;
  }
};
