import { completedBackup } from './backups.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { restoreGuide } from './restore-guide.ts';
import { manifestOf } from './stored-manifest.ts';

/** GET /projects/{projectId}/backups/{backupId}/restore-guide */
export const showGuide = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const manifest = await manifestOf(api, await completedBackup(api, request, 'restored'));
  return {
    status: 200,
    text: restoreGuide(manifest, { bucket: api.settings.bucket, tool: 'aws' }),
    headers: { 'content-type': 'text/markdown; charset=utf-8' },
  };
};
