import { identifier, qualified } from '../../sql/identifiers.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import { mayNeedSuperuser } from '../../sql/kinds/superuser-only.ts';
import type { Name } from '../../sql/kinds/word-cursor.ts';
import type { Word } from '../../sql/statement-words.ts';
import type { Sender } from '../operators/bind-operators.ts';
import { named, type Run } from '../run-state.ts';
import { sqlOf } from '../send.ts';
import { anyDoor, type Door, doorOfTypes, ownedTable } from './code-in-definitions.ts';
import { confinedRole, refuseExposed } from './confine.ts';
import { forget, noteExecuted } from './known-code.ts';
import { runRestricted, type TemporaryGrant } from './security-restricted.ts';
import { settleBeforeCode } from './settle-before-code.ts';

const RIGHTS_ON = `
  SELECT pg_catalog.has_table_privilege($1::name, c.oid, 'REFERENCES') AS refers, pg_catalog.has_table_privilege($1::name, c.oid, 'SELECT') AS reads
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relname = $3`;

/** A key's owner needs rights on the referenced table, whose grants are not restored yet. */
const temporaryGrants = async (
  run: Run,
  role: string,
  on: Name,
): Promise<readonly TemporaryGrant[]> => {
  const { schema, name } = named(on);
  interface Rights {
    readonly refers: boolean;
    readonly reads: boolean;
  }
  const [rights] = (await run.client.query<Rights>(RIGHTS_ON, [role, schema, name])).rows;
  const missing = [...(rights?.refers ? [] : ['REFERENCES']), ...(rights?.reads ? [] : ['SELECT'])];
  const what = `${missing.join(', ')} ON TABLE ${qualified(schema, name)}`;
  const to = identifier(role);
  return missing.length
    ? [{ grant: `GRANT ${what} TO ${to}`, revoke: `REVOKE ${what} FROM ${to}` }]
    : [];
};

/** The role that may attach: the owner of both. */
const attaches = async (
  run: Run,
  statement: StatementKind,
  door: Door,
  role: string,
): Promise<boolean> => {
  if (statement.kind !== 'attach-partition') return true;
  if ((await confinedRole(run, ownedTable(statement.child), door)) === role) return true;
  await refuseExposed(run, door);
  return false;
};

type Execute = (how?: Sender) => Promise<void>;

/** Executes a definition, restricted to its owner if it evaluates tenant code. */
export const executeDefinition = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
  execute: Execute,
): Promise<void> => {
  const door = run.request.tenancy ? await anyDoor(run, statement, words) : undefined;
  await executeThrough(run, statement, words, door, execute);
};

/** The same for a constraint that is NOT VALID: it reads no row, but PostgreSQL parses its SQL. */
export const executeNotValid = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
  execute: Execute,
): Promise<void> => {
  const door = run.request.tenancy ? await doorOfTypes(run, statement, words) : undefined;
  await executeThrough(run, statement, words, door, execute);
};

const executeThrough = async (
  run: Run,
  statement: StatementKind,
  words: readonly Word[],
  door: Door | undefined,
  execute: Execute,
): Promise<void> => {
  const { client } = run;
  // Its owner could not create it. Whether a superuser may is decided by the request.
  const isPrivileged = run.isSuperuser && mayNeedSuperuser(statement, words);
  if (door && isPrivileged) await refuseExposed(run, door);
  else if (door) {
    const role = await confinedRole(run, door.one, door);
    const isOther = role !== undefined && !door.isRestricted;
    if (isOther && (await attaches(run, statement, door, role))) {
      const place = { schema: door.one.schema, role };
      const grants =
        statement.kind === 'foreign-key'
          ? await temporaryGrants(run, role, statement.references)
          : [];
      await settleBeforeCode(run);
      await execute((text, what) =>
        runRestricted(client, place, sqlOf(text, what.object), what, grants),
      );
      return forget(run);
    }
  }
  await execute();
  noteExecuted(run, statement, words);
};
