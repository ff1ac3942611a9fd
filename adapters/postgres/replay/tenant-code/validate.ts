import { tableKey } from '../../../../core/manifest.ts';
import { shown } from '../../sql/describe-statement.ts';
import type { OwnedObject } from '../access/role-switch.ts';
import type { Run } from '../run-state.ts';
import { send } from '../send.ts';
import type { Doing } from '../statement-errors.ts';
import { confinedRole } from './confine.ts';
import { forget, tenantCodeOf } from './known-code.ts';
import { foldedOf, NO_CODE } from './read-tenant-code.ts';
import { runRestricted } from './security-restricted.ts';
import { settleBeforeCode } from './settle-before-code.ts';

/** A key's query is planned over two tables, so the code of any table counts for it. */
const codeFor = async (run: Run, one: OwnedObject): Promise<readonly string[]> => {
  const { relations, types } = await tenantCodeOf(run, 'rows');
  const own = foldedOf(relations.get(tableKey(one.schema, one.name)) ?? NO_CODE);
  const ofTypes = types.flatMap(({ code }) => code);
  const others = [...relations.values()].flatMap(({ planning }) => planning);
  return [...new Set([...own, ...ofTypes, ...others])];
};

/**
 * Validates a constraint that the backup's SQL created, restricted to its owner if tenant code may be evaluated.
 * @throws RestoreRefused, and the errors of `send`
 */
export const validateConfined = async (
  run: Run,
  one: OwnedObject,
  sql: string,
  doing: Doing,
): Promise<void> => {
  const { client, request } = run;
  const code = request.tenancy ? await codeFor(run, one) : [];
  const evaluated = { what: `${one.what} ${shown(one)}`, code };
  const role = code.length ? await confinedRole(run, one, evaluated) : undefined;
  if (role === undefined) return await send(client, Buffer.from(sql), doing);
  await settleBeforeCode(run);
  await runRestricted(client, { schema: one.schema, role }, sql, doing);
  forget(run);
};
