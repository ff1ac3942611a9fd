import type { Backup } from '../../core/backup.ts';
import { BackupNotFound, InvalidInput } from '../../core/errors/request.ts';
import type { RouteSpec } from '../../core/routes.ts';
import type { ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { checkProjectId, requireKnown } from './resolve-project.ts';

/** In place of a backup's id: the newest completed full backup that no verification found damaged. */
export const LATEST = 'latest';

/** @throws BackupNotFound if the project has none, ProjectNotFound */
const latestOf = async (api: Api, projectId: string, at?: string): Promise<Backup> => {
  const backup = await api.ports.history.latest(projectId, at);
  if (backup) return backup;
  await requireKnown(api, projectId);
  throw new BackupNotFound(projectId, LATEST, at);
};

/**
 * The request with the id that `latest` means now, so that the rest of the API knows ids only.
 * @throws InvalidInput where a request must name its backup, and as `latestOf`
 */
export const withBackupId = async (
  api: Api,
  { method }: RouteSpec,
  request: ApiRequest,
): Promise<ApiRequest> => {
  const { params } = request;
  if (params.backupId !== LATEST || 'at' in request.query) return request;
  if (method === 'DELETE') {
    throw new InvalidInput('The request', [
      'backupId: give the id of the backup that is to be deleted; another one may be the latest by now',
    ]);
  }
  const projectId = checkProjectId(params.projectId ?? '');
  const { id } = await latestOf(api, projectId);
  return { ...request, params: { ...params, backupId: id } };
};

/** The backup that `latest` meant at a time, if it still exists. @throws InvalidInput with another id, and as `latestOf` */
export const latestAt = async (api: Api, { params }: ApiRequest, at: string): Promise<Backup> => {
  const projectId = checkProjectId(params.projectId ?? '');
  if (params.backupId === LATEST) return await latestOf(api, projectId, at);
  throw new InvalidInput('The request', ['at: is possible only with latest instead of an id']);
};
