import { hasDigest } from '../../core/completion.ts';
import { InvalidInput, VerificationNotFound } from '../../core/errors/request.ts';
import { ContentNotRestorable } from '../../core/errors/restore.ts';
import { VERIFICATIONS } from '../../core/leased-work/kinds.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type Comparison, type Verification, verifyRequest } from '../../core/verification.ts';
import { completedBackup } from './backups.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import { getJob, type JobResource, listJobs, newJob, requestJob } from './jobs.ts';
import type { Api } from './ports.ts';
import { showVerification, verificationPath } from './public-jobs.ts';
import { manifestOf } from './stored-manifest.ts';

const RESOURCE: JobResource<Verification> = {
  kind: VERIFICATIONS,
  name: 'verifications',
  jobsOf: ({ ports }) => ports.verifications,
  queueOf: ({ ports }) => ports.verificationQueue,
  show: showVerification,
  pathOf: verificationPath,
  notFound: (projectId, id) => new VerificationNotFound(projectId, id),
};

/** True if rows can be compared: the export took hashes or digests of them, or there are none. */
const hasHashes = ({ tables }: Manifest): boolean =>
  tables.some(hasDigest) || tables.every(({ rows }) => !rows);

/** The requested comparison; without one, the configured comparison if the backup allows it. @throws InvalidInput */
const comparisonOf = (
  { settings }: Api,
  asked: Comparison | undefined,
  manifest: Manifest,
): Comparison => {
  const wanted = asked ?? settings.verification.compare;
  if (wanted !== 'rows' || hasHashes(manifest)) return wanted;
  if (asked === undefined) return 'counts';
  throw new InvalidInput('The body', [
    'compare: this backup has no hashes of its rows; only backups taken with export.compare "rows" or export.engine "larder" have them',
  ]);
};

/** POST /projects/{projectId}/backups/{backupId}/verify */
export const requestVerification = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const asked = jsonBody(request, verifyRequest);
  const backup = await completedBackup(api, request, 'verified');
  const what = { verify: backup.id, ...asked };
  return requestJob(api, request, RESOURCE, backup.projectId, what, async (id) => {
    if (backup.type !== 'database') {
      throw new ContentNotRestorable(
        backup.id,
        `is one of ${backup.type}, not of a database`,
        'Only backups of databases can be verified.',
      );
    }
    if (backup.content === 'data') {
      throw new ContentNotRestorable(
        backup.id,
        'holds rows without the definitions of their tables, so there is nothing to restore it into and compare',
        'Verify a backup with content full. GET .../restore-guide has the commands that restore this one and count its rows.',
      );
    }
    const manifest = await manifestOf(api, backup);
    return {
      ...newJob(api, backup, backup.source, id),
      compare: comparisonOf(api, asked.compare, manifest),
      asked: true,
    };
  });
};

/** GET .../verifications */
export const listVerifications = (api: Api, request: ApiRequest): Promise<Answer> =>
  listJobs(api, request, RESOURCE);

/** GET .../verifications/{verificationId} */
export const getVerification = (api: Api, request: ApiRequest): Promise<Answer> =>
  getJob(api, request, RESOURCE);
