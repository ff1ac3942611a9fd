import { quoted } from '../../../../core/errors/base.ts';
import { RestoreRefused } from '../../../../core/errors/restore.ts';
import { type OwnedObject, type OwnerFacts, ownerOf } from '../access/role-switch.ts';
import type { Run } from '../run-state.ts';
import { ROLES_PAGE } from '../statement-errors.ts';
import { listed, reachOf, readReach } from './restore-role-reach.ts';

/**
 * Which role evaluates tenant code: the owner of the object, in a security-restricted operation. If that is the restore role itself or a
 * superuser, the code cannot be restricted. It is then evaluated only if the restore role has no rights outside the backup's own schemas,
 * or if the request accepts that.
 */
export interface Evaluated {
  /** For messages: `table "acme.orders"`. */
  readonly what: string;
  /** Functions, as PostgreSQL names them; empty if only the SQL of the statement shows that there is code. */
  readonly code: readonly string[];
}

/**
 * @returns the role; undefined if the code may be evaluated with the restore role's rights. @throws RestoreRefused
 */
export const confinedRole = async (
  run: Run,
  one: OwnedObject,
  evaluated: Evaluated,
  known?: OwnerFacts,
): Promise<string | undefined> => {
  const owner = await ownerOf(run, one, known);
  if (owner && !owner.superuser) return owner.owner;
  await refuseExposed(run, evaluated);
  return undefined;
};

/** @throws RestoreRefused if code would get rights over others, and the request did not accept that */
export const refuseExposed = async (run: Run, { what, code }: Evaluated): Promise<void> => {
  const { client, request, code: seen } = run;
  if (seen.reach === 'unknown') seen.reach = await readReach(client, request.schemas);
  if (!seen.reach) return;
  const calls = code.length
    ? `${what} calls ${listed(code.map(quoted))}`
    : `${what} calls functions`;
  if (!request.acceptOwnCode) {
    throw new RestoreRefused([
      `Code of the backup would run during the restore as ${reachOf(seen.reach)}: ${calls}. Keep the owners, use a login that is a member of fewer owners, or ask with acceptOwnCode if you trust it. ${ROLES_PAGE}`,
    ]);
  }
  seen.exposed.add(calls);
};

/** Code that was evaluated with the restore role's rights, as the request accepted. */
export const exposedWarnings = ({ code: { reach, exposed } }: Run): string[] =>
  exposed.size && reach && reach !== 'unknown'
    ? [
        `Code of the backup ran as ${reachOf(reach)}, as requested: ${listed([...exposed])}. docs/roles.md says how to keep tenants apart.`,
      ]
    : [];
