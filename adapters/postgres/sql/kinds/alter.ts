import { defaultPrivileges, OBJECT_KINDS, objectName } from './owners-and-grants.ts';
import type { StatementKind } from './statement-kind.ts';
import type { Cursor, Name } from './word-cursor.ts';

/** ALTER, except OWNER TO. */
export const altered = (cursor: Cursor): StatementKind | undefined =>
  defaultPrivileges(cursor.restart()) ??
  foreignKey(cursor.restart()) ??
  attached(cursor.restart()) ??
  alteredObject(cursor.restart());

const foreignKey = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('alter table')) return undefined;
  const only = cursor.keys('only');
  const table = cursor.qualified();
  if (!table || !cursor.keys('add constraint')) return undefined;
  const constraint = cursor.name();
  if (constraint === undefined || !cursor.keys('foreign key')) return undefined;
  if (!cursor.brackets() || !cursor.keys('references')) return undefined;
  const references = cursor.qualified();
  if (!references) return undefined;
  cursor.brackets();
  let notValid = false;
  while (!cursor.ended) {
    if (cursor.symbol(',')) return undefined;
    if (cursor.keys('not valid')) notValid = true;
    else cursor.skip();
  }
  return { kind: 'foreign-key', table, only, constraint, references, notValid };
};

const attached = (cursor: Cursor): StatementKind | undefined => {
  if (cursor.keys('alter index')) {
    const names = attaching(cursor);
    return names && cursor.ended ? { kind: 'attach-index', ...names } : undefined;
  }
  if (!cursor.keys('alter table')) return undefined;
  cursor.keys('only');
  const names = attaching(cursor);
  if (!names || !cursor.anyKeys(['for values', 'default'])) return undefined;
  while (!cursor.ended) {
    if (cursor.symbol(',')) return undefined;
    cursor.skip();
  }
  return { kind: 'attach-partition', ...names };
};

const attaching = (cursor: Cursor): { parent: Name; child: Name } | undefined => {
  const parent = cursor.qualified();
  if (!parent || !cursor.keys('attach partition')) return undefined;
  const child = cursor.qualified();
  return child && { parent, child };
};

const alteredObject = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('alter')) return undefined;
  const what = cursor.anyKeys(OBJECT_KINDS);
  const on = what && objectName(cursor, what);
  if (!on) return undefined;
  const { name } = on;
  if (what === 'extension') return { kind: 'alter-extension', extension: name };
  if (what === 'event trigger') return { kind: 'event-trigger', action: 'alter', name };
  if (what === 'publication' || what === 'subscription') {
    return { kind: what, action: 'alter', name };
  }
  return { kind: 'alter', what, on };
};
