import type { StatementKind } from './statement-kind.ts';
import type { Cursor, Name } from './word-cursor.ts';

/** Kinds of objects as ALTER, GRANT and COMMENT name them, the longer names first. */
export const OBJECT_KINDS = [
  'access method',
  'aggregate',
  'collation',
  'conversion',
  'database',
  'domain',
  'event trigger',
  'extension',
  'foreign data wrapper',
  'foreign server',
  'foreign table',
  'function',
  'index',
  'language',
  'large object',
  'materialized view',
  'operator class',
  'operator family',
  'operator',
  'parameter',
  'policy',
  'procedural language',
  'procedure',
  'publication',
  'routine',
  'rule',
  'schema',
  'sequence',
  'server',
  'statistics',
  'subscription',
  'table',
  'tablespace',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
  'trigger',
  'type',
  'view',
] as const;

/** `ALTER what name OWNER TO role` and nothing more. */
export const ownerOf = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('alter')) return undefined;
  const what = cursor.anyKeys(OBJECT_KINDS);
  const on = what && objectName(cursor, what);
  if (!on || !cursor.keys('owner to')) return undefined;
  const role = cursor.name();
  return role !== undefined && cursor.ended ? { kind: 'owner', what, on, role } : undefined;
};

/**
 * A name with the part that distinguishes it from others of the same name: arguments, or an operator
 * class's index method.
 */
export const objectName = (cursor: Cursor, what: string): Name | undefined => {
  if (what === 'large object') {
    const name = cursor.text('number');
    return name === undefined ? undefined : { schema: null, name };
  }
  if (what === 'table' || what === 'foreign table') cursor.keys('only');
  const on = cursor.qualified();
  cursor.brackets();
  if (what === 'operator class' || what === 'operator family') {
    if (!cursor.keys('using') || cursor.name() === undefined) return undefined;
  }
  return on;
};

/** GRANT and REVOKE. https://www.postgresql.org/docs/current/sql-grant.html */
export const granted = (cursor: Cursor): StatementKind | undefined => {
  const kind = cursor.anyKeys(['grant', 'revoke']);
  if (!kind || !cursor.skipTo('on')) return undefined;
  const what = cursor.anyKeys(OBJECT_KINDS);
  const on = what && objectName(cursor, what);
  const whom = on && grantees(cursor, kind);
  return whom && { kind, what, on, ...whom };
};

/** ALTER DEFAULT PRIVILEGES. https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html */
export const defaultPrivileges = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('alter default privileges')) return undefined;
  const role = cursor.keys('for role') ? cursor.name() : null;
  const schema = cursor.keys('in schema') ? cursor.name() : null;
  const action = cursor.anyKeys(['grant', 'revoke']);
  if (role === undefined || schema === undefined || !action) return undefined;
  if (!cursor.skipTo('on') || cursor.anyKeys(DEFAULT_KINDS) === undefined) return undefined;
  const whom = grantees(cursor, action);
  return whom && { kind: 'default-privileges', action, role, schema, ...whom };
};

const DEFAULT_KINDS = [
  'tables',
  'sequences',
  'functions',
  'routines',
  'types',
  'schemas',
  'large objects',
] as const;

/** `TO a, PUBLIC [WITH GRANT OPTION]`, `FROM a [CASCADE]` */
const grantees = (
  cursor: Cursor,
  action: 'grant' | 'revoke',
): { roles: string[]; public: boolean } | undefined => {
  if (!cursor.keys(action === 'grant' ? 'to' : 'from')) return undefined;
  const roles: string[] = [];
  let everybody = false;
  do {
    const role = cursor.name();
    if (role === undefined) return undefined;
    // PostgreSQL reads it as PUBLIC even if it is quoted: no role may have this name.
    if (role === 'public') everybody = true;
    else roles.push(role);
  } while (cursor.symbol(','));
  if (action === 'grant') cursor.keys('with grant option');
  if (cursor.keys('granted by')) cursor.name();
  if (action === 'revoke') cursor.anyKeys(['cascade', 'restrict']);
  return cursor.ended ? { roles, public: everybody } : undefined;
};
