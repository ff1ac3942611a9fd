import { TIMES } from '../../core/contract.ts';
import { manifestKeyBeside } from '../../core/keys.ts';
import { completedBackup } from './backups.ts';
import type { Answer, ApiRequest } from './http.ts';
import type { Api } from './ports.ts';
import { manifestOf } from './stored-manifest.ts';

/** Lambda returns 6 MB at most. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_BYTES = 5_000_000;

/** GET /projects/{projectId}/backups/{backupId}/manifest. One that is too large for an answer is redirected to. */
export const getManifest = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const backup = await completedBackup(api, request, 'described');
  const manifest = await manifestOf(api, backup);
  const bytes = Buffer.byteLength(JSON.stringify(manifest));
  if (bytes <= MOST_BYTES) return { status: 200, body: manifest };
  const location = await api.ports.vault.downloadUrl(
    manifestKeyBeside(backup.fileId),
    `${backup.id}.manifest.json`,
    TIMES.downloadUrlSeconds,
  );
  return { status: 303, headers: { location } };
};
