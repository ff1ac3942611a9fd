import * as z from 'zod';
import { type Backup, hasExpired, iso } from '../../core/backup.ts';
import { TIMES } from '../../core/contract.ts';
import { BackupNotFound, BackupNotReady } from '../../core/errors/request.ts';
import { UUID } from '../../core/ids.ts';
import { downloadNameOf, extensionOf } from '../../core/keys.ts';
import { BACKUPS } from '../../core/leased-work/kinds.ts';
import { isFinal as isOver } from '../../core/leased-work/work.ts';
import { parse } from '../../core/messages.ts';
import { type Answer, type ApiRequest, HttpProblem } from './http.ts';
import { latestAt } from './latest.ts';
import type { Api } from './ports.ts';
import { showBackup } from './public.ts';
import { moment } from './queries.ts';
import { checkProjectId } from './resolve-project.ts';
import { reportCancelled } from './send-messages.ts';
import { atNextChange, wait, workState } from './wait.ts';

/** The backup of the path, which must belong to the path's project. One that retention removed is found only as `deleted`. */
export const findBackup = async ({ ports }: Api, { params }: ApiRequest): Promise<Backup> => {
  const projectId = checkProjectId(params.projectId ?? '');
  const backupId = params.backupId ?? '';
  const backup = UUID.test(backupId) ? await ports.history.get(projectId, backupId) : undefined;
  const expired = backup && backup.status !== 'deleted' && hasExpired(backup, ports.clock());
  if (!backup || expired) throw new BackupNotFound(projectId, backupId);
  return backup;
};

type CompletedBackup = Backup & Required<Pick<Backup, 'fileId' | 'compression'>>;

const isCompleted = (backup: Backup): backup is CompletedBackup =>
  backup.status === 'completed' && backup.fileId !== undefined && backup.compression !== undefined;

export const removedProblem = ({ deletedWhy = 'retention' }: Pick<Backup, 'deletedWhy'>) =>
  new HttpProblem('BackupRemoved', `The backup was removed: ${deletedWhy}.`);

/** The same, but only if its object is in the vault. @throws HttpProblem BackupRemoved, BackupNotReady */
export const completedBackup = async (
  api: Api,
  request: ApiRequest,
  doing: string,
): Promise<CompletedBackup> => {
  const backup = await findBackup(api, request);
  if (backup.status === 'deleted') throw removedProblem(backup);
  if (isCompleted(backup)) return backup;
  throw new BackupNotReady(backup.id, backup.status, `only a completed backup can be ${doing}`);
};

const backupQuery = z
  .strictObject({ at: moment('T23:59:59.999Z').exactOptional(), wait: wait.exactOptional() })
  .refine(({ at, wait: seconds }) => at === undefined || seconds === undefined, {
    path: ['wait'],
    message: 'what was the latest at a time does not change: leave out one of the two',
  });

/** GET /projects/{projectId}/backups/{backupId}; with `at`, the one that `latest` meant at that time */
export const getBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { at, wait: seconds } = parse('The request', backupQuery, request.query);
  const read = () => (at === undefined ? findBackup(api, request) : latestAt(api, request, at));
  const isFinal = ({ status }: Backup) => isOver(status);
  const backup = await atNextChange({ read, isFinal, stateOf: workState, seconds });
  const position =
    backup.status === 'pending' ? await api.ports.positions.ahead('backup', backup) : undefined;
  return { status: 200, body: showBackup(backup, request.base, position) };
};

export const download = z.object({
  url: z.url(),
  expiresAt: z.iso.datetime(),
  fileName: z.string(),
  size: z.number(),
  checksum: z.string().meta({ description: 'SHA-256, hex.' }),
});

const downloadQuery = z.strictObject({ redirect: z.enum(['true', 'false']).default('false') });

/** GET /projects/{projectId}/backups/{backupId}/download */
export const downloadBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { redirect } = parse('The request', downloadQuery, request.query);
  const backup = await completedBackup(api, request, 'downloaded');
  const { fileId, size, checksum, compression } = backup;
  const fileName = downloadNameOf(
    { ...backup, backupId: backup.id },
    extensionOf(backup.format, compression),
  );
  const seconds = TIMES.downloadUrlSeconds;
  const expiresAt = iso(api.ports.clock() + seconds * 1000);
  const url = await api.ports.vault.downloadUrl(fileId, fileName, seconds);
  if (redirect === 'true') return { status: 302, headers: { location: url } };
  return { status: 200, body: { url, expiresAt, fileName, size, checksum } };
};

/** POST /projects/{projectId}/backups/{backupId}/cancel: 200 if it is cancelled, 202 if its worker was asked to stop. */
export const cancelBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const before = await findBackup(api, request);
  const status = await api.ports.history.requestCancel(before.projectId, before.id);
  if (status === undefined) throw new BackupNotFound(before.projectId, before.id);
  if (status !== 'cancelled' && status !== 'pending' && status !== 'in-progress')
    throw new BackupNotReady(
      before.id,
      status,
      'only one that is pending or in progress can be cancelled',
    );
  const backup = await findBackup(api, request);
  if (backup.status === 'cancelled' && !backup.toldAt) await reportCancelled(api, BACKUPS, backup);
  return {
    status: backup.status === 'cancelled' ? 200 : 202,
    body: showBackup(backup, request.base),
  };
};
