import type pg from 'pg';
import { APPLICATION } from '../../../core/contract.ts';
import { RestoreInterrupted, SchemaNotOwned } from '../../../core/errors/restore.ts';
import {
  type NotOwned,
  notOwned,
  type RestoringProject,
  type SchemaUse,
} from '../../../core/ownership.ts';
import type { PreflightRequest } from '../../../core/restore-ports.ts';
import { type SourceAccess, withSession } from '../session/session.ts';
import { readClaims } from './project-claims.ts';

/** Reads from the source which projects own the schemas that a restore is about to change. */

/** The same limit as for a listing. */
const LIST_TIMEOUT_MS = 120_000;
const TIMED_OUT = '57014';

export interface Asked {
  readonly project: RestoringProject;
  readonly uses: readonly SchemaUse[];
  readonly timeoutMs?: number;
}

/** In the caller's transaction. @throws RestoreInterrupted if the answer takes too long */
export const findNotOwned = async (
  client: pg.Client,
  { settings }: SourceAccess,
  { project, uses, timeoutMs = LIST_TIMEOUT_MS }: Asked,
): Promise<readonly NotOwned[]> => {
  const names = uses.map(({ schema }) => schema);
  const claims = await readClaims(client, settings, project.id, names, timeoutMs).catch(
    (error: unknown) => {
      if ((error as { code?: unknown } | null)?.code !== TIMED_OUT) throw error;
      throw new RestoreInterrupted(
        `the list of projects of source "${settings.name}" was not read within ${timeoutMs / 1000} s: make projectQuery faster`,
        { cause: error },
      );
    },
  );
  return notOwned(project, settings.name, claims, uses);
};

/** @throws SchemaNotOwned */
export const refuseNotOwned = async (
  client: pg.Client,
  access: SourceAccess,
  asked: Asked,
): Promise<void> => {
  const problems = await findNotOwned(client, access, asked);
  if (problems.length) throw new SchemaNotOwned(problems);
};

/** For the preflight checks, in a session of its own. */
export const checkOwnership = async (
  access: SourceAccess,
  { project, signal }: Pick<PreflightRequest, 'project' | 'signal'>,
  uses: readonly SchemaUse[],
): Promise<readonly NotOwned[]> => {
  const session = { applicationName: `${APPLICATION}/survey`, lockTimeoutMs: 5000, signal };
  return await withSession(access, session, async (client) => {
    await client.query('BEGIN');
    const found = await findNotOwned(client, access, { project, uses });
    await client.query('COMMIT');
    return found;
  });
};
