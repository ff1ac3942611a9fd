import type pg from 'pg';
import { StatementRefused } from '../../../../core/errors/restore.ts';
import { type OperatorBinding, tableKey } from '../../../../core/manifest.ts';
import {
  bindingKey,
  boundOtherwise,
  readBindingsOf,
  UNBOUND,
} from '../../catalog/bindings/operator-bindings.ts';
import { identifier } from '../../sql/identifiers.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Piece } from '../../sql/split-statements.ts';
import { SAFE_PATH } from '../access/role-switch.ts';
import { send } from '../send.ts';
import type { Doing } from '../statement-errors.ts';
import {
  type Attempt,
  attemptsFor,
  attemptsWithout,
  type BindingPlan,
  type Makes,
  makesOf,
} from './binding-plan.ts';

/**
 * Executes a statement so that the object is bound to the operators that the manifest names. After each attempt the catalog is read, and
 * an attempt with other bindings is rolled back. The path has only schemas of the object's own operators. The same check finds names in
 * them that hide an object of pg_catalog.
 *
 * If no attempt gives the recorded bindings, the statement is executed as pg_dump wrote it: if another view needs a view, pg_dump creates
 * it in two steps, and the first has no expressions yet. The comparison at the end decides.
 */
export interface Binding {
  readonly client: pg.Client;
  readonly plan: BindingPlan | undefined;
  /** How a statement is sent; `send` by default. */
  readonly how?: Sender;
}

export type Sender = (text: Buffer, doing: Doing) => Promise<void>;

const SAVEPOINT = 'larder_bind';

const pathOf = (path: readonly string[]): string => [...path.map(identifier), 'pg_temp'].join(', ');

/** A type with the name of one of PostgreSQL's would hide it if its schema came first. */
const SHADOWS = `
  SELECT EXISTS (SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_type b ON b.typname = t.typname AND b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
    WHERE n.nspname = ANY ($1)) AS shadows`;

const isSafe = async (client: pg.Client, { path }: Attempt): Promise<boolean> => {
  if (!path || path[0] === 'pg_catalog') return true;
  const others = path.filter((schema) => schema !== 'pg_catalog');
  const { rows } = await client.query<{ shadows: boolean }>(SHADOWS, [others]);
  return rows[0]?.shadows === false;
};

const attempt = async (
  client: pg.Client,
  { path, text }: Attempt,
  { doing, how }: Pick<Work, 'doing' | 'how'>,
): Promise<void> => {
  if (path) await client.query(`SET LOCAL search_path = ${pathOf(path)}`);
  await how(text, doing);
  if (path) await client.query(`SET LOCAL search_path = ${SAFE_PATH}`);
};

const OIDS = 'SELECT oid::text AS oid FROM pg_catalog.pg_namespace WHERE nspname = $1';

/**
 * `near`: the same operators, but another number of uses. Another major may build another tree from one text, so it is accepted if no attempt
 * gives the exact bindings.
 */
interface Outcome {
  readonly how: 'right' | 'near' | 'wrong';
  /** New operators that the object is bound to, and was not bound to before. */
  readonly got: readonly string[];
}

const RIGHT: Outcome = { how: 'right', got: [] };

/** Compares existing objects only: one statement creates some of a table's bindings, later ones the others. */
const outcomeOf = async (
  client: pg.Client,
  { on, kinds }: Makes,
  wanted: readonly OperatorBinding[],
): Promise<Outcome> => {
  if (on.schema === null) return RIGHT;
  const { rows } = await client.query<{ oid: string }>(OIDS, [on.schema]);
  const oids = rows.map(({ oid }) => oid);
  const of = [{ schema: on.schema, name: on.name }];
  const expected = new Map(wanted.map((one) => [bindingKey(one), one]));
  const found = (await readBindingsOf(client, oids, of)).filter(({ kind }) => kinds.includes(kind));
  const others = (sameMajor: boolean) =>
    found.flatMap((is) => {
      const was = expected.get(bindingKey(is)) ?? UNBOUND;
      return boundOtherwise(was, is, { sameMajor }) ?? [];
    });
  if (!others(true).length) return RIGHT;
  const wrong = others(false);
  return { how: wrong.length ? 'wrong' : 'near', got: wrong.flatMap(({ got }) => got) };
};

/** @returns whether it succeeded; otherwise the error, with the attempt rolled back */
const tried = async (
  client: pg.Client,
  one: Attempt,
  { doing, look, how }: Work,
): Promise<Outcome | StatementRefused> => {
  await client.query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    await attempt(client, one, { doing, how });
    const outcome = await look();
    const back = outcome.how === 'right' ? '' : `ROLLBACK TO SAVEPOINT ${SAVEPOINT}; `;
    await client.query(`${back}RELEASE SAVEPOINT ${SAVEPOINT}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof StatementRefused)) throw error;
    await client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
    return error;
  }
};

/** `operator does not exist`, `function does not exist`: another search_path may find it. */
const isUndefined = ({ cause }: StatementRefused): boolean =>
  (cause as { code?: unknown } | undefined)?.code === '42883';

interface Work {
  readonly doing: Doing;
  readonly how: Sender;
  readonly look: () => Promise<Outcome>;
}

/** Results of the attempts that gave other bindings. */
class Rest {
  refused: StatementRefused | undefined;
  near: Attempt | undefined;
  readonly wrong: Attempt[] = [];
  readonly got = new Set<string>();

  add(one: Attempt, outcome: Outcome | StatementRefused): void {
    if (outcome instanceof StatementRefused) {
      if (!this.refused || isUndefined(this.refused)) this.refused = outcome;
      return;
    }
    if (outcome.how === 'near') this.near ??= one;
    else this.wrong.push(one);
    // If another schema is first on the path, all of its names are found there.
    if (one.path?.[0] === 'pg_catalog') for (const name of outcome.got) this.got.add(name);
  }
}

/** @returns whether an attempt succeeded */
const attemptEach = async (
  client: pg.Client,
  attempts: readonly Attempt[],
  work: Work,
  rest: Rest,
): Promise<boolean> => {
  for (const one of attempts) {
    if (!(await isSafe(client, one))) continue;
    const outcome = await tried(client, one, work);
    if (!(outcome instanceof StatementRefused) && outcome.how === 'right') return true;
    rest.add(one, outcome);
  }
  return false;
};

const attemptAll = async (
  client: pg.Client,
  attempts: readonly Attempt[],
  more: (taken: readonly string[]) => readonly Attempt[],
  work: Work,
): Promise<void> => {
  const rest = new Rest();
  if (await attemptEach(client, attempts, work, rest)) return;
  if (rest.got.size && (await attemptEach(client, more([...rest.got]), work, rest))) return;
  const { near, wrong, refused } = rest;
  const last = near ?? wrong.find(({ path }) => path === null) ?? wrong[0];
  if (last) await attempt(client, last, work);
  else if (refused) throw refused;
};

/** @throws StatementRefused and others, as `send` */
export const sendBound = async (
  { client, plan, how = (sql, what) => send(client, sql, what) }: Binding,
  statement: StatementKind,
  { text, words }: Pick<Piece, 'text' | 'words'>,
  doing: Doing,
): Promise<void> => {
  const makes = plan && makesOf(statement, words);
  if (!makes || makes.on.schema === null) return await how(text, doing);
  if (!plan.wanted) {
    if (!plan.schemas.length) return await how(text, doing);
    const work = { doing, how, look: async () => RIGHT };
    const outcome = await tried(client, { path: null, text }, work);
    if (!(outcome instanceof StatementRefused)) return;
    if (!isUndefined(outcome)) throw outcome;
    const others = attemptsFor(text, plan.schemas, true);
    return await attemptAll(client, others, () => [], work);
  }
  const wanted = (plan.wanted.get(tableKey(makes.on.schema, makes.on.name)) ?? []).filter(
    ({ kind }) => makes.kinds.includes(kind),
  );
  if (!wanted.length) return await how(text, doing);
  const own = wanted.flatMap(({ operators }) => operators.map(({ schema }) => schema));
  const schemas = [...new Set(own)].sort();
  const pathFirst = wanted.some(({ unqualified }) => unqualified);
  await attemptAll(
    client,
    attemptsFor(text, schemas, pathFirst),
    (taken) => attemptsWithout(text, schemas, taken),
    { doing, how, look: () => outcomeOf(client, makes, wanted) },
  );
};
