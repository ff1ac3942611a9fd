import {
  type Manifest,
  type OperatorBinding,
  type Outside,
  schemasIn,
  tableKey,
} from '../../../../core/manifest.ts';
import { isKey } from '../../sql/function-body.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Name } from '../../sql/kinds/word-cursor.ts';
import type { Word } from '../../sql/statement-words.ts';
import { withBuiltIns, withoutQualifiers } from './binding-rewrites.ts';

/**
 * The search_path for a statement, so that the object is bound to the same operators as before. pg_dump writes for an empty path and
 * qualifies each operator, except where SQL has no syntax for its schema: `JOIN ... USING`, `CASE x WHEN y`,
 * `IS DISTINCT FROM`, `NULLIF`. In a row comparison it writes one schema for all columns, which may be wrong for some.
 */
export interface BindingPlan {
  /** By `tableKey` of the object that a statement names; undefined if the manifest has no bindings. */
  readonly wanted: ReadonlyMap<string, readonly OperatorBinding[]> | undefined;
  /** Schemas in which operators may be, for a manifest without bindings. */
  readonly schemas: readonly string[];
}

/**
 * Schemas outside pg_catalog whose operators the objects may be bound to, for a backup without recorded
 * bindings. Most backups have none.
 */
const schemasWithOperators = (manifest: Manifest): readonly string[] => {
  const { definitions = [], outside, extensions } = manifest;
  const ofExtensions = extensions.map(({ schema }) => schema);
  const ofOperators = outside.filter(({ kind }) => kind === 'operator').map(schemaOfOperator);
  const hasOwn = definitions.some(({ kind }) => kind === 'operator');
  const all = new Set([...(hasOwn ? schemasIn(manifest) : []), ...ofExtensions, ...ofOperators]);
  return [...all].filter((schema) => schema !== 'pg_catalog');
};

/** Of `s.=(text,text)`, as pg_identify_object writes it. */
const schemaOfOperator = ({ name }: Outside): string =>
  (/^"((?:[^"]|"")*)"\./.exec(name)?.[1] ?? name.split('.')[0] ?? '').replaceAll('""', '"');

export const bindingPlan = (manifest: Manifest): BindingPlan => {
  const { operatorBindings } = manifest;
  if (!operatorBindings) return { wanted: undefined, schemas: schemasWithOperators(manifest) };
  const wanted = new Map<string, OperatorBinding[]>();
  for (const one of operatorBindings) {
    const key = tableKey(one.of.schema, one.of.name);
    wanted.set(key, [...(wanted.get(key) ?? []), one]);
  }
  return { wanted, schemas: [] };
};

/** Kinds of bindings that a CREATE makes. */
const MAKES: Readonly<Record<string, readonly OperatorBinding['kind'][]>> = {
  view: ['view'],
  'materialized view': ['view'],
  table: ['table', 'column', 'constraint'],
  'foreign table': ['column', 'constraint'],
  index: ['index'],
  trigger: ['trigger'],
  policy: ['policy'],
  rule: ['rule'],
  statistics: ['statistics'],
  function: ['function'],
  procedure: ['function'],
  domain: ['type', 'constraint'],
};
/** These words are reserved. An ALTER without them makes no binding. */
const ALTERS = ['check', 'default'];

export interface Makes {
  readonly on: Name;
  readonly kinds: readonly OperatorBinding['kind'][];
}

/** The bindings that a statement may make; undefined if it has no expressions. */
export const makesOf = (statement: StatementKind, words: readonly Word[]): Makes | undefined => {
  if (statement.kind === 'alter') {
    const isExpression = words.some((word) => ALTERS.some((key) => isKey(word, key)));
    return isExpression ? { on: statement.on, kinds: ['column', 'constraint'] } : undefined;
  }
  const kinds = statement.kind === 'create' ? MAKES[statement.what] : undefined;
  if (statement.kind !== 'create' || !kinds) return undefined;
  return { on: statement.table ?? { schema: statement.schema, name: statement.name }, kinds };
};

/** One way to execute a statement. Path null: the path that pg_dump assumed. */
export interface Attempt {
  readonly path: readonly string[] | null;
  readonly text: Buffer;
}

/** For more schemas than this, not all orders are tried. */
const MOST_ORDERED = 3;

const orders = (schemas: readonly string[]): readonly (readonly string[])[] => {
  if (schemas.length < 2 || schemas.length > MOST_ORDERED) return [schemas];
  return schemas.flatMap((first) =>
    orders(schemas.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
};

const BUILT_IN = 'pg_catalog';

const builtInFirst = (schemas: readonly string[]): readonly (readonly string[])[] =>
  orders(schemas).map((order) => [BUILT_IN, ...order]);

/** For objects of pg_catalog in whose place another was found. @param taken their names, as SQL writes them */
export const attemptsWithout = (
  text: Buffer,
  schemas: readonly string[],
  taken: readonly string[],
): readonly Attempt[] => {
  const bare = withoutQualifiers(text);
  return [text, ...(bare ? [bare] : [])].flatMap((one) => {
    const full = withBuiltIns(one, taken);
    return full ? builtInFirst(schemas).map((path) => ({ path, text: full })) : [];
  });
};

/**
 * In the order of the attempts. pg_catalog comes first on a path: unqualified names of pg_dump are in it, and an operator with the same
 * operands in another schema must not hide them. If that fails, the path at the source was another one.
 */
export const attemptsFor = (
  text: Buffer,
  schemas: readonly string[],
  pathFirst: boolean,
): readonly Attempt[] => {
  const plain: Attempt = { path: null, text };
  const bare = withoutQualifiers(text);
  const ways = (paths: readonly (readonly string[])[]): Attempt[] => [
    ...paths.map((path) => ({ path, text })),
    ...(bare ? paths.map((path) => ({ path, text: bare })) : []),
  ];
  const first = ways(builtInFirst(schemas));
  const last = ways(orders(schemas).map((order) => [...order, BUILT_IN]));
  return [...(pathFirst ? [...first, plain] : [plain, ...first]), ...last];
};
