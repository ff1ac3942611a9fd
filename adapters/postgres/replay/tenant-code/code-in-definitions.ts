import { tableKey } from '../../../../core/manifest.ts';
import { type CalledNames, calledIn, evaluatedAtOnce } from '../../sql/called-names.ts';
import { described } from '../../sql/describe-statement.ts';
import { isKey } from '../../sql/function-body.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import { checksRows } from '../../sql/kinds/usual-clauses.ts';
import type { Name } from '../../sql/kinds/word-cursor.ts';
import type { Word } from '../../sql/statement-words.ts';
import type { OwnedObject } from '../access/role-switch.ts';
import { named, type Run } from '../run-state.ts';
import type { Evaluated } from './confine.ts';
import { harmfulAmong, withoutBuiltIns } from './harmful-names.ts';
import { taintedTypesOf, tenantCodeOf } from './known-code.ts';
import { foldedOf, NO_CODE } from './read-tenant-code.ts';

/**
 * Definitions that evaluate tenant code while they are executed. Apart from checks over rows, only these make PostgreSQL fold the constant calls of
 * an expression (eval_const_expressions): generated columns and partition keys when their table is created, partition keys when the partitions are
 * opened (triggers), partitions when they are attached, foreign keys when their rows are read, and statements that ask whether a CHECK implies NOT
 * NULL. The same holds for SQL with a value of a type whose input function evaluates a domain.
 *
 * PostgreSQL itself restricts CREATE INDEX, constraints with an index and REFRESH MATERIALIZED VIEW to the table's owner.
 */
export interface Door extends Evaluated {
  readonly one: OwnedObject;
  /** PostgreSQL restricts it itself. */
  readonly isRestricted?: boolean;
}

export const ownedTable = (name: Name): OwnedObject => ({ ...named(name), what: 'table' });

const codeOfTables = async (run: Run, ...tables: readonly Name[]): Promise<readonly string[]> => {
  const { relations } = await tenantCodeOf(run, 'definitions');
  const all = tables.flatMap((name) => {
    const { schema, name: own } = named(name);
    return foldedOf(relations.get(tableKey(schema, own)) ?? NO_CODE);
  });
  return [...new Set(all)];
};

/** Or opens the partitions of a partitioned table, as triggers do. */
const LOOKS_AT_ROWS = [
  ['add', 'constraint'],
  ['set', 'not', 'null'],
  ['replica', 'identity'],
  ...['enable', 'disable', 'always', 'replica'].map((key) => [key, 'trigger']),
];
const looksAtRows = (words: readonly Word[]): boolean =>
  words.some((_, at) =>
    LOOKS_AT_ROWS.some((keys) => keys.every((key, ahead) => isKey(words[at + ahead], key))),
  );

/**
 * Schemas that may be on the search_path during the statement, so that the object is bound to its operators (see
 * operators/bind-operators.ts).
 */
const onPath = ({ request: { bindings } }: Run, name: Name): readonly string[] => {
  if (!bindings?.wanted) return bindings?.schemas ?? [];
  const { schema, name: own } = named(name);
  const wanted = bindings.wanted.get(tableKey(schema, own)) ?? [];
  return [...new Set(wanted.flatMap(({ operators }) => operators.map((one) => one.schema)))];
};

/** Clauses in which only immutable functions may be called. */
const immutableIn = (words: readonly Word[]) => ({
  words,
  called: withoutBuiltIns(calledIn(words)),
});

/** @param on the object of the statement */
const codeInWords = async (
  run: Run,
  { words, called }: { readonly words: readonly Word[]; readonly called: CalledNames },
  on: Name,
): Promise<readonly string[]> => {
  if (!words.length) return [];
  const types = await taintedTypesOf(run);
  return [
    ...(await harmfulAmong(run.client, called, onPath(run, on))),
    ...types.flatMap(({ code }) => code),
  ];
};

const doorOf = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
): Promise<Door | undefined> => {
  const what = described(statement, words);
  const found = (
    one: OwnedObject,
    code: readonly string[],
    more: Partial<Door> = {},
  ): Door | undefined => (code.length ? { one, what, code, ...more } : undefined);
  switch (statement.kind) {
    case 'create': {
      if (statement.what === 'table')
        return found(
          schemaOf(statement),
          await codeInWords(run, immutableIn(evaluatedAtOnce(words)), statement),
        );
      if (statement.what === 'index' && statement.table)
        return found(
          ownedTable(statement.table),
          await codeInWords(run, immutableIn(words), statement.table),
          {
            isRestricted: true,
          },
        );
      // On a partitioned table it opens the partitions, and evaluates constant calls of the partition key.
      if (statement.what === 'trigger' && statement.table)
        return found(ownedTable(statement.table), await codeOfTables(run, statement.table));
      return undefined;
    }
    case 'alter': {
      const isDomain = statement.what === 'domain';
      const one: OwnedObject = { ...named(statement.on), what: isDomain ? 'domain' : 'table' };
      if (checksRows(words))
        return found(one, await codeInWords(run, { words, called: calledIn(words) }, statement.on));
      return !isDomain && looksAtRows(words)
        ? found(one, await codeOfTables(run, statement.on))
        : undefined;
    }
    case 'attach-partition':
      return found(
        ownedTable(statement.parent),
        await codeOfTables(run, statement.parent, statement.child),
      );
    case 'attach-index': {
      const { relations } = await tenantCodeOf(run, 'definitions');
      const one: OwnedObject = { ...named(statement.parent), what: 'index' };
      return found(one, [...relations.values()].flatMap(foldedOf));
    }
    case 'foreign-key':
      return found(
        ownedTable(statement.table),
        await codeOfTables(run, statement.table, statement.references),
      );
    default:
      return undefined;
  }
};

const schemaOf = (name: Name): OwnedObject => {
  const { schema } = named(name);
  return { schema, name: schema, what: 'schema' };
};

/** PostgreSQL evaluates the values in the SQL of a definition while it parses it. */
export const doorOfTypes = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
): Promise<Door | undefined> => {
  const isDefinition = statement.kind === 'create' || statement.kind === 'alter';
  if (!isDefinition || !words.some(({ kind }) => kind === 'string' || kind === 'opaque'))
    return undefined;
  const types = await taintedTypesOf(run);
  if (!types.length) return undefined;
  const what = described(statement, words);
  const code = [...new Set(types.flatMap((type) => type.code))];
  if (statement.kind === 'create') {
    const one = statement.table ? ownedTable(statement.table) : schemaOf(statement);
    return { one, what, code };
  }
  const one: OwnedObject = {
    ...named(statement.on),
    what: statement.what === 'domain' ? 'domain' : 'table',
  };
  return ['table', 'domain'].includes(statement.what)
    ? { one, what, code }
    : { one: schemaOf(statement.on), what, code };
};

/** PostgreSQL restricts CREATE INDEX only after it has parsed the SQL. */
export const anyDoor = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
): Promise<Door | undefined> => {
  const door = await doorOf(run, statement, words);
  return door && !door.isRestricted ? door : ((await doorOfTypes(run, statement, words)) ?? door);
};
