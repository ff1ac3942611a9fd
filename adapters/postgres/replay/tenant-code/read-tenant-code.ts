import type pg from 'pg';
import { tableKey } from '../../../../core/manifest.ts';
import type { TableName } from '../../../../core/restore.ts';
import { REFERENCES, TAINTED_TYPES } from './catalog-sql.ts';

/** Code that a relation evaluates and that is not known to be harmless, as PostgreSQL names functions: `acme.is_price(numeric)`. */
export interface RelationCode {
  /** For each row that is written: checks, domains, generated columns, partition keys. */
  readonly rows: readonly string[];
  /**
   * When a query over the relation is planned: indexes and extended statistics, whose constant parts are then evaluated.
   */
  readonly planning: readonly string[];
  /** For columns that a row does not give. */
  readonly defaults: readonly string[];
}

/** A type whose values are made by such code. */
export interface TaintedType extends TableName {
  readonly oid: string;
  readonly domain: boolean;
  readonly owner: string;
  readonly code: readonly string[];
}

export interface TenantCode {
  /** By `tableKey`; a relation that evaluates none is absent. */
  readonly relations: ReadonlyMap<string, RelationCode>;
  readonly types: readonly TaintedType[];
}

export interface CodeRequest {
  readonly schemas: readonly string[];
  /** Those of the schemas that this transaction created: no other session can change their objects. */
  readonly made: readonly string[];
}

export const NO_CODE: RelationCode = { rows: [], planning: [], defaults: [] };

/** @param oids types to check in addition to the domains and ranges of the schemas */
export const readTaintedTypes = async (
  client: pg.Client,
  { schemas, made }: CodeRequest,
  oids: readonly string[],
): Promise<readonly TaintedType[]> =>
  (await client.query<TaintedType>(TAINTED_TYPES, [oids, schemas, made])).rows;

interface Reference extends TableName {
  readonly part: keyof RelationCode;
  readonly code: readonly string[];
  readonly types: readonly string[];
}

/**
 * Reads the catalog within the transaction: one query, and a second one if there are types that are not
 * PostgreSQL's own.
 */
export const readTenantCode = async (
  client: pg.Client,
  request: CodeRequest,
): Promise<TenantCode> => {
  const { rows } = await client.query<Reference>(REFERENCES, [request.schemas]);
  const oids = [...new Set(rows.flatMap(({ types }) => types))];
  const types = oids.length ? await readTaintedTypes(client, request, oids) : [];
  const codeOf = new Map(types.map(({ oid, code }) => [oid, code]));
  const relations = new Map<string, RelationCode>();
  for (const { schema, name, part, code, types: used } of rows) {
    const all = new Set([...code, ...used.flatMap((oid) => codeOf.get(oid) ?? [])]);
    if (!all.size) continue;
    const key = tableKey(schema, name);
    relations.set(key, { ...(relations.get(key) ?? NO_CODE), [part]: [...all].sort() });
  }
  return { relations, types };
};

/**
 * Code of a relation that may be evaluated when a query over it is planned: PostgreSQL then folds constant calls of IMMUTABLE
 * functions.
 */
export const foldedOf = ({ rows, planning }: RelationCode): readonly string[] => [
  ...new Set([...rows, ...planning]),
];
