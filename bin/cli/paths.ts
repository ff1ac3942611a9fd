import { randomUUID } from 'node:crypto';
import { encodePart } from '../../core/keys.ts';
import type { Session } from './command.ts';
import * as shown from './shown.ts';

/** Paths of the API, and ids as users type them. */
export const LATEST = 'latest';

export const projectPath = (projectId: string): string => `/projects/${encodePart(projectId)}`;

export const backupsPath = (projectId: string): string => `${projectPath(projectId)}/backups`;

export const backupPath = (projectId: string, backupId: string): string =>
  `${backupsPath(projectId)}/${encodePart(backupId)}`;

/** With this key, a request whose answer is lost can be sent again without a second effect. */
export const idempotent = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });

/** A backup by its id, or the newest good one: now, or at a time. */
export const readBackup = (
  { api }: Session,
  projectId: string,
  backupId: string = LATEST,
  { at, wait }: { readonly at?: string | undefined; readonly wait?: string | undefined } = {},
): Promise<shown.Backup> =>
  api.json(
    { method: 'GET', path: backupPath(projectId, backupId), query: { at, wait } },
    shown.backup,
  );

/** The id that `latest` means now: the paths of restores need one. */
export const backupIdOf = async (
  session: Session,
  projectId: string,
  backupId: string = LATEST,
): Promise<string> => (backupId === LATEST ? (await readBackup(session, projectId)).id : backupId);
