import * as z from 'zod';
import type { Backup } from '../../core/backup.ts';
import { backupChange, expiryProblem } from '../../core/backup-change.ts';
import { describeError, quoted } from '../../core/errors/base.ts';
import {
  BackupNotFound,
  BackupNotReady,
  BackupProtected,
  InvalidInput,
} from '../../core/errors/request.ts';
import type { Job } from '../../core/job.ts';
import type { Jobs } from '../../core/job-ports.ts';
import { keysBeside } from '../../core/keys.ts';
import { isFinal } from '../../core/leased-work/work.ts';
import { parse } from '../../core/messages.ts';
import { findBackup, removedProblem } from './backups.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import type { Api } from './ports.ts';
import { showBackup } from './public.ts';

/** PATCH /projects/{projectId}/backups/{backupId} */
export const changeBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { history, clock } = api.ports;
  const change = jsonBody(request, backupChange);
  const before = await findBackup(api, request);
  const { projectId, id } = before;
  const problem =
    change.expiresAt === undefined ? undefined : expiryProblem(before, change.expiresAt, clock());
  if (problem) throw new InvalidInput('The body', [problem]);
  const outcome = await history.change(projectId, id, change);
  if (outcome.kind === 'missing') throw new BackupNotFound(projectId, id);
  if (outcome.kind === 'changed')
    return { status: 200, body: showBackup(outcome.backup, request.base) };
  if (outcome.status === 'deleted') throw removedProblem(await findBackup(api, request));
  throw new BackupNotReady(
    id,
    outcome.status,
    'only a backup that waits, runs or has completed can be changed',
  );
};

const deleteQuery = z.strictObject({
  force: z.enum(['true', 'false']).default('false'),
  reason: z.string().trim().min(1).max(500).exactOptional(),
});

const JOBS_READ = 100;

/** Whether a job of this backup waits or runs. */
const isWorkedOn = async <J extends Job>(
  jobs: Pick<Jobs<J>, 'list'>,
  { projectId, id }: Pick<Backup, 'projectId' | 'id'>,
): Promise<boolean> => {
  let cursor: string | undefined;
  do {
    const page = await jobs.list(projectId, {
      backupId: id,
      limit: JOBS_READ,
      ...(cursor && { cursor }),
    });
    if (page.items.some(({ status }) => !isFinal(status))) return true;
    cursor = page.cursor;
  } while (cursor);
  return false;
};

/** @throws BackupProtected if a restore or a verification needs its object */
const refuseWorkedOn = async ({ ports }: Api, backup: Backup): Promise<void> => {
  const [isRestored, isVerified] = await Promise.all([
    isWorkedOn(ports.restores, backup),
    isWorkedOn(ports.verifications, backup),
  ]);
  if (isRestored) throw new BackupProtected(backup.id, 'a restore of it waits or runs');
  if (isVerified) throw new BackupProtected(backup.id, 'a verification of it waits or runs');
};

/** Removes its objects. If that fails, sweep does it: it removes objects whose row is `deleted`. */
const removeObjects = async ({ ports }: Api, { id, fileId }: Backup): Promise<boolean> => {
  try {
    if (fileId) await ports.vault.remove(keysBeside(fileId));
    return true;
  } catch (error) {
    ports.log.error('the objects of a deleted backup could not be removed; sweep tries it again', {
      backupId: id,
      fileId,
      error: describeError(error),
    });
    return false;
  }
};

/**
 * DELETE /projects/{projectId}/backups/{backupId}. The row becomes `deleted` first: from then on nothing starts to read the objects.
 * 200: they are removed; 202: sweep removes them.
 */
export const deleteBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { history, log } = api.ports;
  const query = parse('The request', deleteQuery, request.query);
  const force = query.force === 'true';
  const before = await findBackup(api, request);
  const { projectId, id } = before;
  if (!force && before.status === 'completed') await refuseWorkedOn(api, before);
  const outcome = await history.remove(projectId, id, {
    why: query.reason ?? 'a request',
    force,
    ...(request.caller !== undefined && { by: request.caller }),
  });
  switch (outcome.kind) {
    case 'missing':
      throw new BackupNotFound(projectId, id);
    case 'open':
      throw new BackupNotReady(id, outcome.status, 'cancel it first');
    case 'pinned':
      throw new BackupProtected(id, 'it is pinned');
    case 'last-good':
      throw new BackupProtected(
        id,
        `it is the last good backup of project ${quoted(projectId)}, or the last one that was verified`,
      );
    case 'removed': {
      const { backup } = outcome;
      log.info('a backup was deleted', { projectId, backupId: id, force, by: request.caller });
      const removed = await removeObjects(api, backup);
      return { status: removed ? 200 : 202, body: showBackup(backup, request.base) };
    }
  }
};
