import type { StatementKind } from './statement-kind.ts';
import type { Cursor } from './word-cursor.ts';

/** SET and RESET. https://www.postgresql.org/docs/current/sql-set.html */
export const setTo = (cursor: Cursor): StatementKind | undefined => {
  if (cursor.keys('reset')) return reset(cursor);
  if (!cursor.keys('set')) return undefined;
  if (cursor.keys('session authorization')) {
    const role = cursor.keys('default') ? null : (cursor.text('string') ?? cursor.name());
    return role === undefined || !cursor.ended
      ? undefined
      : { kind: 'session-authorization', role };
  }
  if (cursor.keys('transaction')) return { kind: 'transaction', what: 'set transaction' };
  cursor.anyKeys(['session', 'local']);
  if (cursor.keys('role')) {
    const role = cursor.keys('none') ? null : (cursor.text('string') ?? cursor.name());
    return role === undefined || !cursor.ended ? undefined : { kind: 'set-role', role };
  }
  const spelled = cursor.anyKeys(['time zone', 'names']);
  const name = spelled ? SPELLED[spelled] : settingName(cursor);
  if (name === undefined) return undefined;
  if (!spelled && !cursor.symbol('=') && !cursor.keys('to')) return undefined;
  if (cursor.keys('default'))
    return cursor.ended ? { kind: 'setting', name, values: [] } : undefined;
  const values = settingValues(cursor);
  return values && { kind: 'setting', name, values };
};

const SPELLED = { 'time zone': 'timezone', names: 'client_encoding' } as const;

const reset = (cursor: Cursor): StatementKind | undefined => {
  if (cursor.keys('session authorization')) {
    return cursor.ended ? { kind: 'session-authorization', role: null } : undefined;
  }
  if (cursor.keys('role')) return cursor.ended ? { kind: 'set-role', role: null } : undefined;
  const name = settingName(cursor);
  return name !== undefined && cursor.ended ? { kind: 'setting', name, values: [] } : undefined;
};

/** Names of settings ignore case, even in quotes; an extension's names contain dots. */
const settingName = (cursor: Cursor): string | undefined => {
  const parts: string[] = [];
  do {
    const part = cursor.name();
    if (part === undefined) return undefined;
    parts.push(part.toLowerCase());
  } while (cursor.symbol('.'));
  return parts.join('.');
};

const settingValues = (cursor: Cursor): string[] | undefined => {
  const values: string[] = [];
  do {
    const sign = cursor.symbol('-') ? '-' : '';
    const value = cursor.text('number') ?? (sign ? undefined : anyText(cursor));
    if (value === undefined) return undefined;
    values.push(sign + value);
  } while (cursor.symbol(','));
  return cursor.ended ? values : undefined;
};

const anyText = (cursor: Cursor): string | undefined => cursor.text('string') ?? cursor.name();

/** The calls that pg_dump makes for their effect: `pg_catalog.set_config(...)` and `pg_catalog.setval(...)`. */
export const calledFor = (cursor: Cursor): StatementKind | undefined => {
  if (!cursor.keys('select')) return undefined;
  const call = cursor.qualified();
  if (call?.schema !== 'pg_catalog' || !cursor.symbol('(')) return undefined;
  const text = cursor.text('string');
  if (text === undefined || !cursor.symbol(',')) return undefined;
  const sign = cursor.symbol('-') ? '-' : '';
  const value = cursor.text(call.name === 'setval' ? 'number' : 'string');
  if (value === undefined || !cursor.symbol(',')) return undefined;
  const flag = cursor.anyKeys(['true', 'false']);
  if (!flag || !cursor.symbol(')') || !cursor.ended) return undefined;
  if (call.name === 'setval') {
    return { kind: 'sequence-value', text, value: sign + value, called: flag === 'true' };
  }
  if (call.name !== 'set_config' || sign) return undefined;
  return { kind: 'setting', name: text.toLowerCase(), values: [value] };
};
