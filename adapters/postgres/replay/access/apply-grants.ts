import type pg from 'pg';
import { isLost } from '../../session/server-messages.ts';
import { described, shown } from '../../sql/describe-statement.ts';
import { identifier } from '../../sql/identifiers.ts';
import type { StatementKind } from '../../sql/kinds/statement-kind.ts';
import type { Piece } from '../../sql/split-statements.ts';
import type { Run } from '../run-state.ts';
import { send } from '../send.ts';
import { assignInstead } from './definer-rights.ts';
import { givesOption, grantAsOwner, noteGranted } from './grantors.ts';
import { isOwnerOrGrant, type OwnerOrGrant, obstacle } from './role-rights.ts';

/**
 * Executes statements that give objects or rights to roles. A statement that cannot be executed is
 * listed as left out.
 */

const MAY_CREATE = 'SELECT pg_catalog.has_schema_privilege($1, $2, $3) AS may';

/** A new owner needs the CREATE right on the schema, unless a superuser changes the owner. */
const lacksCreate = async (client: pg.Client, role: string, schema: string): Promise<boolean> => {
  const found = await client.query<{ may: boolean }>(MAY_CREATE, [role, schema, 'CREATE']);
  return !found.rows[0]?.may;
};

const giveOwner = async (
  run: Run,
  { on, role }: Extract<OwnerOrGrant, { readonly kind: 'owner' }>,
  execute: () => Promise<void>,
): Promise<void> => {
  const { client, isSuperuser } = run;
  if (isSuperuser || on.schema === null || !(await lacksCreate(client, role, on.schema)))
    return await execute();
  const right = `CREATE ON SCHEMA ${identifier(on.schema)}`;
  await client.query(`GRANT ${right} TO ${identifier(role)}`);
  await execute();
  await client.query(`REVOKE ${right} FROM ${identifier(role)}`);
};

/** A savepoint: if the grantor has lost the right to grant, only this grant is lost. */
const grantAs = async (
  { client }: Run,
  grantor: string,
  execute: () => Promise<void>,
): Promise<string | undefined> => {
  await client.query(`SAVEPOINT larder_grant; SET LOCAL ROLE ${identifier(grantor)}`);
  try {
    await execute();
    await client.query('RESET ROLE; RELEASE SAVEPOINT larder_grant');
    return undefined;
  } catch (error) {
    if (isLost((error as Error).cause)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT larder_grant; RELEASE SAVEPOINT larder_grant');
    return error instanceof Error ? error.message : String(error);
  }
};

export const applyGrant = async (
  run: Run,
  statement: StatementKind,
  piece: Piece,
): Promise<void> => {
  const { text, words } = piece;
  const { client, request, access, grantor, findRole } = run;
  if (request.owners === 'drop' || !isOwnerOrGrant(statement)) return;
  // If this owner cannot be set, that is reported under the owner's own name.
  if (statement.kind === 'owner') run.ownerless.delete(shown(statement.on));
  const why = await obstacle(statement, grantor, findRole);
  if (why) {
    access.add(statement, words, why);
    if (statement.kind === 'owner') await assignInstead(run, statement, piece);
    return;
  }
  if (statement.kind === 'grant' && run.closed.has(shown(statement.on))) return;
  const execute = () => send(client, text, { object: described(statement, words) });
  if (statement.kind === 'owner') {
    if (statement.role === run.self) run.ours.add(shown(statement.on));
    return await giveOwner(run, statement, execute);
  }
  if (statement.kind === 'default-privileges') {
    if (grantor === null) return await execute();
  } else if (grantor === null) {
    await grantAsOwner(run, statement.what, statement.on, execute);
    if (givesOption(words)) run.optional.add(shown(statement.on));
    return;
  }
  const refused = await grantAs(run, grantor, execute);
  if (refused !== undefined) access.add(statement, words, { kind: 'refused', said: refused });
  else if (statement.kind === 'grant') {
    noteGranted(run, statement.on, grantor, [
      ...statement.roles,
      ...(statement.public ? [''] : []),
    ]);
  }
};
