import { isKey } from '../../sql/function-body.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Word } from '../../sql/statement-words.ts';
import type { Run } from '../run-state.ts';
import {
  readTaintedTypes,
  readTenantCode,
  type TaintedType,
  type TenantCode,
} from './read-tenant-code.ts';

const requestOf = ({ request }: Run) => ({
  schemas: request.schemas,
  made: request.intoLive ? [] : request.schemas,
});

/**
 * Relations that evaluate code. Read again only after a statement that may have changed them.
 * @param wanted `definitions` if the keys of a partition's parents do not matter
 */
export const tenantCodeOf = async (
  run: Run,
  wanted: 'rows' | 'definitions',
): Promise<TenantCode> => {
  const { code } = run;
  if (!code.tenantCode || (wanted === 'rows' && code.isAttached)) {
    code.tenantCode = await readTenantCode(run.client, requestOf(run));
    code.isAttached = false;
  }
  return code.tenantCode;
};

const OUTSIDE = `
  SELECT t.oid::text AS oid FROM pg_catalog.unnest($1::text[]) AS name, LATERAL (SELECT pg_catalog.to_regtype(name)::pg_catalog.oid AS oid) t WHERE t.oid IS NOT NULL`;

/** Types whose values are made by code. A definition whose SQL contains such a value evaluates this code. */
export const taintedTypesOf = async (run: Run): Promise<readonly TaintedType[]> => {
  const { client, request, code } = run;
  if (code.types) return code.types;
  const names = (request.tenancy?.outside ?? [])
    .filter(({ kind }) => kind === 'type')
    .map(({ name }) => name);
  const outside = names.length ? (await client.query<{ oid: string }>(OUTSIDE, [names])).rows : [];
  code.types = await readTaintedTypes(
    client,
    requestOf(run),
    outside.map(({ oid }) => oid),
  );
  return code.types;
};

/** Code that makes values of these types (given by their OIDs) and of the schemas' own types. */
export const taintedAmong = async (run: Run, oids: readonly string[]): Promise<string[]> => {
  if (!oids.length) return [];
  const types = await readTaintedTypes(run.client, requestOf(run), oids);
  return types.filter(({ oid }) => oids.includes(oid)).flatMap(({ code }) => code);
};

/** Before the first statement: a query is needed only for outside types or live schemas. */
export const nothingMade = ({ request, code }: Run): void => {
  const isOutside = request.tenancy?.outside.some(({ kind }) => kind === 'type');
  if (!request.intoLive && !isOutside) code.types = [];
};

/** Tenant code has run as an owner, who may have changed any of its own objects. */
export const forget = ({ code }: Run): void => {
  code.tenantCode = undefined;
  code.types = undefined;
};

const OF_TYPES = ['domain', 'type'];
const OF_CODE = [...OF_TYPES, 'table', 'foreign table', 'materialized view', 'index', 'statistics'];
/** Constraints that evaluate expressions. Other constraints, and other ALTERs of pg_dump, evaluate nothing. */
const EXPRESSIONS = ['check', 'exclude'];

/** Notes that a statement of the backup's SQL was executed directly. */
export const noteExecuted = (
  { code }: Run,
  statement: StatementKind,
  words: readonly Word[],
): void => {
  const says = (keys: readonly string[]): boolean =>
    words.some((word) => keys.some((key) => isKey(word, key)));
  if (statement.kind === 'create') code.isSettled = false;
  const what = statement.kind === 'create' || statement.kind === 'alter' ? statement.what : '';
  if (OF_TYPES.includes(what) && says(['check', 'range', 'input'])) code.types = undefined;
  if (statement.kind === 'create' && OF_CODE.includes(what)) code.tenantCode = undefined;
  if (statement.kind === 'alter' && says(EXPRESSIONS)) code.tenantCode = undefined;
  if (statement.kind === 'attach-partition') code.isAttached = true;
};
