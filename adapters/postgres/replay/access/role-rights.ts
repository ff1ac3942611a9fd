import type pg from 'pg';
import { described } from '../../sql/describe-statement.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Word } from '../../sql/statement-words.ts';
import { type AccessObstacle, obstacleSentence } from './access-obstacle.ts';

/**
 * Owners and grants: which role can get what. Roles belong to the server, so a role of the backup may be missing, or the
 * restore role may not be its member.
 */
export interface RoleRights {
  /** The role may own objects that the restore created. */
  readonly mayOwn: boolean;
  /** Something may be granted in the role's name. */
  readonly mayGrant: boolean;
}

/**
 * From PostgreSQL 16 on a membership may lack the right to SET ROLE. The restore must still be able to use objects
 * after it has changed their owner.
 */
const RIGHTS = `
  SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') AS uses,
    pg_catalog.pg_has_role(r.oid, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS sets
  FROM pg_catalog.pg_roles r WHERE r.rolname = $1`;

/** Undefined for a role that the server does not have, or that must get nothing. */
export type FindRole = (name: string) => Promise<RoleRights | undefined>;

export const roleFinder = (client: pg.Client, missing: readonly string[]): FindRole => {
  const known = new Map<string, RoleRights | undefined>();
  return async (name) => {
    if (!known.has(name)) {
      const found = await client.query<{ uses: boolean; sets: boolean }>(RIGHTS, [name]);
      const row = missing.includes(name) ? undefined : found.rows[0];
      known.set(name, row && { mayOwn: row.uses && row.sets, mayGrant: row.sets });
    }
    return known.get(name);
  };
};

export type OwnerOrGrant = Extract<
  StatementKind,
  { readonly kind: 'owner' | 'grant' | 'revoke' | 'default-privileges' }
>;

export const isOwnerOrGrant = (statement: StatementKind): statement is OwnerOrGrant =>
  ['owner', 'grant', 'revoke', 'default-privileges'].includes(statement.kind);

/** Why an owner or a grant cannot be given; undefined if it can. `grantor` is set only if it is not the owner. */
export const obstacle = async (
  statement: OwnerOrGrant,
  grantor: string | null,
  find: FindRole,
): Promise<AccessObstacle | undefined> => {
  const named = statement.kind === 'owner' ? [statement.role] : statement.roles;
  for (const role of named) {
    if (!(await find(role))) return { kind: 'role-missing', role };
  }
  if (statement.kind === 'owner') {
    return (await find(statement.role))?.mayOwn
      ? undefined
      : { kind: 'not-a-member', role: statement.role };
  }
  const giver = statement.kind === 'default-privileges' ? statement.role : grantor;
  if (giver === null) return undefined;
  const rights = await find(giver);
  if (!rights) return { kind: 'grantor-missing', role: giver };
  return rights.mayGrant && (rights.mayOwn || statement.kind !== 'default-privileges')
    ? undefined
    : { kind: 'not-a-member-of-grantor', role: giver };
};

/** Left-out owners and grants, grouped by reason: a schema has many objects and few roles. */
const NAMED = 5;
export class LeftOutAccess {
  readonly #byReason = new Map<string, { why: AccessObstacle; all: string[] }>();

  add(statement: OwnerOrGrant, words: readonly Word[], why: AccessObstacle): void {
    this.addNamed(described(statement, words), why);
  }

  addNamed(what: string, why: AccessObstacle): void {
    const key = JSON.stringify(why);
    const known = this.#byReason.get(key);
    if (!known) this.#byReason.set(key, { why, all: [what] });
    else if (!known.all.includes(what)) known.all.push(what);
  }

  get reasons(): readonly AccessObstacle[] {
    return [...this.#byReason.values()].map(({ why }) => why);
  }

  list(): { readonly what: string; readonly why: string }[] {
    return [...this.#byReason.values()].map(({ why, all }) => ({
      what: `${all.slice(0, NAMED).join(', ')}${all.length > NAMED ? ` and ${all.length - NAMED} more` : ''}`,
      why: obstacleSentence(why),
    }));
  }
}
