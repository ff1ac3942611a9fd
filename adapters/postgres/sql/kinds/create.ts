import type { StatementKind } from './statement-kind.ts';
import type { Cursor, Name } from './word-cursor.ts';

/** Words that are allowed between CREATE and the kind of object. */
const BEFORE_KIND = [
  'or replace',
  'global',
  'local',
  'temporary',
  'temp',
  'unlogged',
  'recursive',
  'unique',
  'trusted',
  'constraint',
  'default',
] as const;

/** Kinds of objects whose name may have a schema. */
const QUALIFIED = [
  'aggregate',
  'collation',
  'conversion',
  'domain',
  'foreign table',
  'function',
  'materialized view',
  'operator class',
  'operator family',
  'operator',
  'procedure',
  'sequence',
  'statistics',
  'table',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
  'type',
  'view',
] as const;

/** Kinds that belong to a table and are in its schema. */
const OF_A_TABLE = ['index', 'trigger', 'rule', 'policy'] as const;

/** Kinds that are in no schema. */
const UNQUALIFIED = [
  'access method',
  'database',
  'foreign data wrapper',
  'procedural language',
  'language',
  'role',
  'server',
  'tablespace',
] as const;

const BEYOND = ['publication', 'subscription', 'event trigger'] as const;

export const created = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('create')) return undefined;
  if (cursor.keys('schema')) return schema(cursor);
  if (cursor.keys('extension')) return extension(cursor);
  while (cursor.anyKeys(BEFORE_KIND));
  const belongs = cursor.anyKeys(OF_A_TABLE);
  if (belongs) return ofTable(cursor, belongs);
  const beyond = cursor.anyKeys(BEYOND);
  if (beyond) {
    const name = cursor.name();
    const kind = beyond === 'event trigger' ? 'event-trigger' : beyond;
    return name === undefined ? undefined : { kind, action: 'create', name };
  }
  const what = cursor.anyKeys(QUALIFIED) ?? cursor.anyKeys(UNQUALIFIED);
  if (!what) return undefined;
  cursor.keys('if not exists');
  const name = cursor.qualified();
  return name && { kind: 'create', what, ...name };
};

const schema = (cursor: Cursor): StatementKind | undefined => {
  cursor.keys('if not exists');
  const name = cursor.name();
  if (cursor.keys('authorization') && cursor.name() === undefined) return undefined;
  return name !== undefined && cursor.ended ? { kind: 'create-schema', schema: name } : undefined;
};

const extension = (cursor: Cursor): StatementKind | undefined => {
  cursor.keys('if not exists');
  const name = cursor.name();
  cursor.keys('with');
  const place = cursor.keys('schema') ? cursor.name() : null;
  if (cursor.keys('version') && (cursor.text('string') ?? cursor.name()) === undefined) {
    return undefined;
  }
  cursor.keys('cascade');
  if (name === undefined || place === undefined || !cursor.ended) return undefined;
  return { kind: 'create-extension', extension: name, schema: place };
};

const ofTable = (cursor: Cursor, what: (typeof OF_A_TABLE)[number]): StatementKind | undefined => {
  cursor.keys('concurrently');
  cursor.keys('if not exists');
  const name = cursor.name();
  if (name === undefined) return undefined;
  const table = what === 'rule' ? ruledTable(cursor) : tableAfterOn(cursor);
  return table && { kind: 'create', what, schema: table.schema, name, table };
};

/** ON is a reserved word: as a name it is quoted. */
const tableAfterOn = (cursor: Cursor): Name | undefined => {
  if (!cursor.skipTo('on')) return undefined;
  cursor.keys('only');
  return cursor.qualified();
};

const ruledTable = (cursor: Cursor): Name | undefined => {
  if (!cursor.keys('as on') || cursor.name() === undefined || !cursor.keys('to')) return undefined;
  return cursor.qualified();
};
