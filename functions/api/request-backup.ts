import { type Backup, type BackupRequest, backupRequest, iso } from '../../core/backup.ts';
import { refuseImpossible } from '../../core/formats.ts';
import { timeOf } from '../../core/ids.ts';
import { BACKUPS } from '../../core/leased-work/kinds.ts';
import { newBackup } from '../../core/new-backup.ts';
import type { RegisteredProject } from '../../core/project.ts';
import { keptForDays, retentionAtRequest } from '../../core/retention/at-request.ts';
import type { RetentionSettings } from '../../core/retention/policy.ts';
import { type Answer, type ApiRequest, jsonBody } from './http.ts';
import { stableId } from './idempotency.ts';
import type { Api, ApiSettings } from './ports.ts';
import { backupPath, showBackup } from './public.ts';
import { resolveActiveProject } from './resolve-project.ts';
import { sendRequest } from './send-messages.ts';

const NAMES = { manual: 'Manual backup', 'pre-migration': 'Before a migration' } as const;

/** The configured compression is for the configured format: another format uses its own best. */
const formatOf = ({ exportDefaults }: ApiSettings, asked: BackupRequest) => {
  const format = asked.format ?? exportDefaults.format;
  const fallback = format === exportDefaults.format ? exportDefaults.compression : undefined;
  const compression = asked.compression ?? fallback;
  refuseImpossible(format, compression);
  return { format, ...(compression && { compression }) };
};

/** The retention of a source's backups. */
export const retentionOf = (
  { retention, retentionBySource }: Pick<ApiSettings, 'retention' | 'retentionBySource'>,
  source: string,
): RetentionSettings => retentionBySource.get(source) ?? retention;

const rowOf = (
  settings: ApiSettings,
  project: RegisteredProject,
  asked: BackupRequest,
  id: string,
  now: number,
): Backup => {
  const created = timeOf(id);
  const trigger = asked.trigger ?? 'manual';
  return newBackup(project, {
    id,
    source: project.source,
    environment: settings.environment,
    name: asked.name ?? NAMES[trigger],
    ...(asked.description !== undefined && { description: asked.description }),
    ...(asked.content && { content: asked.content }),
    trigger,
    ...formatOf(settings, asked),
    createdAt: iso(created),
    ...(asked.retentionDays === undefined
      ? retentionAtRequest(retentionOf(settings, project.source), 'daily', created)
      : keptForDays(asked.retentionDays, created)),
    queuedAt: iso(now),
  });
};

/**
 * POST /projects/{projectId}/backups. The row is written first and decides: if sending the message fails, the answer
 * is still 202, because sweep sends a message for every row that has waited too long.
 */
export const requestBackup = async (api: Api, request: ApiRequest): Promise<Answer> => {
  const { ports, settings } = api;
  const asked = jsonBody(request, backupRequest);
  formatOf(settings, asked);
  const project = await resolveActiveProject(api, request.params.projectId ?? '');
  const id = await stableId(api, request, project.id, asked);
  const row = rowOf(settings, project, asked, id, ports.clock());
  const created = (await ports.history.create(row)) === 'created';
  const backup = created ? row : ((await ports.history.get(project.id, id)) ?? row);
  if (backup.status === 'pending')
    await sendRequest(api, BACKUPS, ports.queues.get(backup.source), backup);
  return {
    status: 202,
    body: showBackup(backup, request.base),
    headers: { location: backupPath(request.base, project.id, id) },
  };
};
