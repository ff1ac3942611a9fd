import { RestoreNotFound, RestoreNotReady } from '../../core/errors/request.ts';
import { RESTORES } from '../../core/leased-work/kinds.ts';
import type { Restore } from '../../core/restore.ts';
import type { Answer, ApiRequest } from './http.ts';
import { findJob, getJob, type JobResource, listJobs } from './jobs.ts';
import type { Api } from './ports.ts';
import { restorePath, showRestore } from './public-jobs.ts';
import { reportCancelled } from './send-messages.ts';

export const RESTORE_RESOURCE: JobResource<Restore> = {
  kind: RESTORES,
  name: 'restores',
  jobsOf: ({ ports }) => ports.restores,
  queueOf: ({ ports }, { source }) => ports.restoreQueues.get(source),
  show: showRestore,
  pathOf: restorePath,
  notFound: (projectId, id) => new RestoreNotFound(projectId, id),
};

/** GET /projects/{projectId}/backups/{backupId}/restores */
export const listRestores = (api: Api, request: ApiRequest): Promise<Answer> =>
  listJobs(api, request, RESTORE_RESOURCE);

/** GET .../restores/{restoreId} */
export const getRestore = (api: Api, request: ApiRequest): Promise<Answer> =>
  getJob(api, request, RESTORE_RESOURCE);

/** POST .../restores/{restoreId}/cancel: 200 if it is cancelled, 202 if its worker was asked to stop. */
export const cancelRestore = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const before = await findJob(api, request, RESTORE_RESOURCE);
  const status = await api.ports.restores.requestCancel(before.projectId, before.id);
  if (status === 'completed' || status === 'failed')
    throw new RestoreNotReady(
      before.id,
      status,
      'only one that is pending or in progress can be cancelled',
    );
  const restore = await findJob(api, request, RESTORE_RESOURCE);
  if (restore.status === 'cancelled' && !restore.toldAt)
    await reportCancelled(api, RESTORES, restore);
  return {
    status: restore.status === 'cancelled' ? 200 : 202,
    body: showRestore(restore, request.base),
  };
};
