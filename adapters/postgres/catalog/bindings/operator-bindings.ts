import type pg from 'pg';
import type { OperatorBinding } from '../../../../core/manifest.ts';
import type { SchemaOids } from '../schema-contents.ts';
import { BOUND, BOUND_OF } from './binding-queries.ts';

/**
 * Which operators from outside pg_catalog an object's expressions are bound to. The definition's text does not always name the schema, and
 * PostgreSQL then finds the operator on the search_path: the same text may be bound to another operator, such as `=` of text instead of
 * that of citext.
 */
interface Row extends Pick<OperatorBinding, 'kind' | 'name' | 'operators' | 'functions'> {
  readonly schema: string;
  readonly of: string;
  readonly unqualified: boolean | null;
}

const bindingOf = ({ schema, of, unqualified, ...row }: Row): OperatorBinding => ({
  ...row,
  of: { schema, name: of },
  unqualified: unqualified ?? false,
});

/** Objects with such an operator. The session's search_path must be empty, so that names are written in full. */
export const readBindings = async (
  client: pg.Client,
  schemaOids: SchemaOids,
): Promise<OperatorBinding[]> => (await client.query<Row>(BOUND, [schemaOids])).rows.map(bindingOf);

/** All expressions of these tables, views, domains, functions and statistics, including those without such an operator. */
export const readBindingsOf = async (
  client: pg.Client,
  schemaOids: SchemaOids,
  of: readonly OperatorBinding['of'][],
): Promise<OperatorBinding[]> => {
  if (!of.length) return [];
  const names = [of.map(({ schema }) => schema), of.map(({ name }) => name)];
  return (await client.query<Row>(BOUND_OF, [schemaOids, ...names])).rows.map(bindingOf);
};

export const bindingKey = ({ kind, name }: Pick<OperatorBinding, 'kind' | 'name'>): string =>
  `${kind} ${name}`;

/** True if two servers build the same tree from the same text, so that the number of uses of an operator can be compared. */
export interface Exactness {
  readonly sameMajor: boolean;
}

const notIn = (these: readonly string[], those: readonly string[]): string[] =>
  these.filter((one) => !those.includes(one));

export type Bound = Pick<OperatorBinding, 'operators' | 'functions'>;

/** Differences. Functions are compared only by name: a cast of an array is written again as a cast of each of its elements. */
export interface BoundOtherwise {
  readonly lost: readonly string[];
  readonly got: readonly string[];
}

/** @returns undefined if nothing differs */
export const boundOtherwise = (
  was: Bound,
  is: Bound,
  { sameMajor }: Exactness,
): BoundOtherwise | undefined => {
  const namesOf = ({ operators, functions }: Bound): string[] => [
    ...operators.map(({ name, times }) =>
      sameMajor && times > 1 ? `${name} (${times} times)` : name,
    ),
    ...functions,
  ];
  const lost = notIn(namesOf(was), namesOf(is));
  const got = notIn(namesOf(is), namesOf(was));
  return lost.length || got.length ? { lost, got } : undefined;
};

export interface BindingComparison extends Exactness {
  readonly schemaOids: SchemaOids;
  readonly expected: readonly OperatorBinding[];
  /** Limits the comparison to these objects; absent: all objects of the schemas. */
  readonly isOurs?: (of: OperatorBinding['of'], key: string) => boolean;
}

export const UNBOUND: Bound = { operators: [], functions: [] };

const line = (is: OperatorBinding, { lost, got }: BoundOtherwise): string => {
  const parts = [
    ...(lost.length ? [`without ${lost.join(', ')}`] : []),
    ...(got.length ? [`with ${got.join(', ')}`] : []),
  ];
  return `${bindingKey(is)} is bound to other operators than at the source: ${parts.join(' and ')}`;
};

/**
 * A line for each object that is bound to other operators than at the source. The comparison of objects reports missing objects. The
 * session's search_path must be empty.
 */
export const bindingDifferences = async (
  client: pg.Client,
  { schemaOids, expected, sameMajor, isOurs = () => true }: BindingComparison,
): Promise<string[]> => {
  const found = new Map(
    (await readBindings(client, schemaOids)).map((one) => [bindingKey(one), one]),
  );
  const wanted = new Map(expected.map((one) => [bindingKey(one), one]));
  const without = expected.filter((one) => !found.has(bindingKey(one))).map(({ of }) => of);
  for (const one of await readBindingsOf(client, schemaOids, without))
    found.set(bindingKey(one), one);
  return [...found.values()].flatMap((is) => {
    if (!isOurs(is.of, bindingKey(is))) return [];
    const other = boundOtherwise(wanted.get(bindingKey(is)) ?? UNBOUND, is, { sameMajor });
    return other ? [line(is, other)] : [];
  });
};
