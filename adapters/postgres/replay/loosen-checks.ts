import { constraintsIn, membersIn, NAMED_SCHEMAS } from '../catalog/schema-members.ts';
import { commentSql } from '../schema-names/schema-names.ts';
import { shown } from '../sql/describe-statement.ts';
import { identifier, qualified } from '../sql/identifiers.ts';
import { wordsIn } from '../sql/kinds/clauses.ts';
import { readGenerated } from './generated-columns.ts';
import type { Loosened } from './loosened-check.ts';
import { sendBound } from './operators/bind-operators.ts';
import { validating } from './row-conflicts.ts';
import type { Run } from './run-state.ts';
import { refusal } from './statement-errors.ts';
import { executeNotValid } from './tenant-code/execute.ts';
import { forget } from './tenant-code/known-code.ts';
import { validateConfined } from './tenant-code/validate.ts';
import { isReportable, whyOf } from './unfinished-objects.ts';

/**
 * An inherited check is dropped and added together with the parent's check. A check that is not enforced refuses no row
 * (PostgreSQL 18).
 */
const OF_TABLES = `
  SELECT 'table' AS what, n.nspname AS schema, c.relname AS name, k.conname AS constraint, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
    pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE k.conrelid = ANY (ARRAY(${membersIn('pg_class', NAMED_SCHEMAS)})) AND k.contype = 'c' AND k.convalidated AND k.coninhcount = 0 AND c.relkind IN ('r', 'p')
    AND coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)
  ORDER BY 2, 3, 4`;

const OF_DOMAINS = `
  SELECT 'domain' AS what, n.nspname AS schema, t.typname AS name, k.conname AS constraint, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
    pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE k.oid = ANY (ARRAY(${constraintsIn(NAMED_SCHEMAS)})) AND k.contype = 'c' AND k.convalidated
  ORDER BY 2, 3, 4`;

const objectOf = ({ what, schema, name }: Loosened): string =>
  `${what === 'domain' ? 'DOMAIN' : 'TABLE'} ${qualified(schema, name)}`;

const find = async ({ client, request, bounds }: Run, sql: string): Promise<Loosened[]> => {
  const { rows } = await client.query<Loosened>(sql, [request.schemas]);
  return rows.filter((one) => bounds.made.has(shown(one)));
};

/**
 * If a child table has its own check with the name of its parent's, it keeps it when the parent's is
 * dropped. The next round finds it.
 */
const takeAway = async (run: Run, sql: string): Promise<void> => {
  for (let found = await find(run, sql); found.length; found = await find(run, sql)) {
    for (const one of found) {
      await run.client.query(
        `ALTER ${objectOf(one)} DROP CONSTRAINT ${identifier(one.constraint)}`,
      );
      run.loosened.push(one);
    }
  }
};

/** Runs before the first row. */
export const loosen = async (run: Run): Promise<void> => {
  const { loosen: what } = run.request;
  if (what === undefined || run.isLoose) return;
  run.isLoose = true;
  try {
    await takeAway(run, OF_TABLES);
    if (what !== 'checks') {
      await takeAway(run, OF_DOMAINS);
      run.generated = await readGenerated(run.client, run.request.schemas);
    }
    forget(run);
  } catch (error) {
    throw refusal(error, { object: 'the checks of the backup' });
  }
};

const nameOf = ({ what, constraint, ...on }: Loosened): string =>
  `constraint ${shown({ schema: null, name: constraint })} of ${what} ${shown(on)}`;

const addAgain = async (run: Run, one: Loosened): Promise<void> => {
  const { what, schema, name, constraint, definition, comment } = one;
  const { client, request } = run;
  const text = `ALTER ${objectOf(one)} ADD CONSTRAINT ${identifier(constraint)} ${definition} NOT VALID`;
  const statement = { kind: 'alter', what, on: { schema, name } } as const;
  const piece = { text: Buffer.from(text), words: wordsIn(text) };
  const doing = { object: nameOf(one), schema: request.schemas[0] };
  await executeNotValid(run, statement, piece.words, (how) =>
    sendBound({ client, plan: request.bindings, ...(how && { how }) }, statement, piece, doing),
  );
  if (comment === null) return;
  const on = `${what === 'domain' ? 'DOMAIN ' : ''}${qualified(schema, name)}`;
  await client.query(commentSql(`CONSTRAINT ${identifier(constraint)} ON ${on}`, comment));
};

const SAVEPOINT = 'larder_check';

/** Runs as the owner, because it executes code of the backup. */
const holds = async (run: Run, one: Loosened): Promise<Error | undefined> => {
  const { client, request } = run;
  const { what, schema, name, constraint } = one;
  const doing = { object: nameOf(one), schema: request.schemas[0] };
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    await validateConfined(run, { schema, name, what }, validating(what, one, constraint), doing);
    await client.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
    return undefined;
  } catch (error) {
    if (!isReportable(error)) throw error;
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
    return error;
  }
};

/** Runs after the last statement, when everything that a check may read exists. */
export const tighten = async (run: Run): Promise<void> => {
  try {
    for (const one of run.loosened) await addAgain(run, one);
    forget(run);
  } catch (error) {
    throw refusal(error, { object: 'the checks of the backup' });
  }
  for (const one of run.loosened) {
    const error = await holds(run, one);
    if (!error) continue;
    const { what, schema, name, constraint } = one;
    run.unfinished.push({
      kind: what === 'domain' ? 'domain-check' : 'check',
      object: nameOf(one),
      state: 'not-valid',
      why: whyOf(error),
      sql: validating(what, one, constraint),
      error,
      on: { schema, name },
      part: constraint,
    });
  }
};
