import type { Backup } from '../../core/backup.ts';
import { elsewhereRequest, type Restore, restoreRequest, swapRequest } from '../../core/restore.ts';
import { completedBackup } from './backups.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import { newJob, requestJob } from './jobs.ts';
import type { Api } from './ports.ts';
import {
  checkContent,
  checkNewSchema,
  checkSource,
  checkSwap,
  checkTables,
  checkTarget,
} from './restore-rules.ts';
import { RESTORE_RESOURCE } from './restores.ts';
import { manifestOf } from './stored-manifest.ts';

/** What a person decides about a restore. */
type RequestedRestore = Pick<Restore, 'mode' | 'into' | 'owners' | 'dryRun' | 'acceptDependents'> &
  Partial<
    Pick<Restore, 'newSchema' | 'tables' | 'acceptOwnCode' | 'onConflict' | 'repointDependents'>
  >;

const rowOf = (
  api: Api,
  backup: Backup,
  target: string,
  requested: RequestedRestore,
  id: string,
): Restore => ({
  ...newJob(api, backup, target, id),
  from: backup.source,
  schemaName: backup.schemaName,
  ...requested,
});

/** POST /projects/{projectId}/backups/{backupId}/restores: beside the live schema, everything or chosen tables. */
export const requestRestore = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const asked = jsonBody(request, restoreRequest);
  const backup = await completedBackup(api, request, 'restored');
  const { schemaName: newSchema, into, owners, acceptOwnCode, dryRun } = asked;
  const tables = asked.tables && [...new Set(asked.tables)];
  // The application relies on a live schema; a restored copy is read for its rows.
  const onConflict = asked.onConflict ?? (into === 'live' ? 'stop' : 'report');
  const requested: RequestedRestore = {
    mode: tables ? 'tables' : 'beside',
    into,
    owners,
    onConflict,
    dryRun,
    acceptDependents: false,
    ...(acceptOwnCode && { acceptOwnCode }),
    ...(newSchema !== undefined && { newSchema }),
    ...(tables && { tables }),
  };
  const what = { restore: backup.id, ...requested };
  return requestJob(api, request, RESTORE_RESOURCE, backup.projectId, what, async (id) => {
    checkSource(api, backup.source);
    checkContent(backup);
    const manifest = await manifestOf(api, backup);
    checkNewSchema(newSchema, manifest);
    if (tables) checkTables(backup, asked.tables ?? [], manifest);
    return rowOf(api, backup, backup.source, requested, id);
  });
};

/** POST .../swap: replaces the live schema. Owners and grants are always kept. */
export const swapBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { repointDependents, acceptOwnCode, ...asked } = jsonBody(request, swapRequest);
  const backup = await completedBackup(api, request, 'restored');
  const requested: RequestedRestore = {
    mode: 'swap',
    into: 'beside',
    owners: 'keep',
    ...asked,
    ...(acceptOwnCode && { acceptOwnCode }),
    ...(repointDependents && { repointDependents }),
  };
  const what = { restore: backup.id, ...requested };
  return requestJob(api, request, RESTORE_RESOURCE, backup.projectId, what, async (id) => {
    checkSource(api, backup.source);
    checkContent(backup);
    checkSwap(backup, await manifestOf(api, backup));
    return rowOf(api, backup, backup.source, requested, id);
  });
};

/** POST .../elsewhere: into another source that allows it. */
export const restoreElsewhere = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const asked = jsonBody(request, elsewhereRequest);
  const { target, schemaName, owners, acceptOwnCode, onConflict, dryRun } = asked;
  const backup = await completedBackup(api, request, 'restored');
  const requested: RequestedRestore = {
    mode: 'elsewhere',
    into: 'beside',
    owners,
    onConflict,
    dryRun,
    acceptDependents: false,
    ...(acceptOwnCode && { acceptOwnCode }),
    ...(schemaName !== undefined && { newSchema: schemaName }),
  };
  const what = { restore: backup.id, target, ...requested };
  return requestJob(api, request, RESTORE_RESOURCE, backup.projectId, what, async (id) => {
    checkTarget(api, backup.source, target);
    checkContent(backup);
    checkNewSchema(schemaName, await manifestOf(api, backup));
    return rowOf(api, backup, target, requested, id);
  });
};
