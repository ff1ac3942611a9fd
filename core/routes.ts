/**
 * The HTTP API's routes. From this list the stack builds its REST API, the handler dispatches, and
 * the OpenAPI document is made. Every resource of a project is below `/projects/{projectId}/`, so
 * that an IAM policy on `execute-api` can limit a caller to one tenant. It imports nothing.
 */
export interface RouteSpec {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** An API Gateway resource path. */
  readonly path: string;
  readonly summary: string;
  /** Query parameters that it accepts, all optional. */
  readonly query?: readonly string[];
  /** Headers that it reads, all optional. */
  readonly headers?: readonly string[];
  /** Names the JSON body's schema, a key of `REQUEST_BODIES` in core/requests.ts. The body may be left out. */
  readonly body?:
    | 'BackupRequest'
    | 'BackupChange'
    | 'RunRequest'
    | 'RestoreRequest'
    | 'SwapRequest'
    | 'ElsewhereRequest'
    | 'VerifyRequest'
    | 'ScheduleRequest'
    | 'RetentionRequest'
    | 'EraseRequest';
  /** Removes or overwrites something: has a path or a method of its own, because IAM sees those and not bodies. */
  readonly dangerous?: boolean;
}

/** Query parameters of lists of backups. */
const FILTERS = ['status', 'type', 'trigger', 'name', 'validation', 'minSize', 'maxSize'] as const;

export const ROUTES = [
  { id: 'health', method: 'GET', path: '/health', summary: 'Whether the API answers' },
  { id: 'openapi', method: 'GET', path: '/openapi.json', summary: 'This description' },
  {
    id: 'status',
    method: 'GET',
    path: '/status',
    summary: 'What runs now, recent history, runs, and the last success of projects',
  },
  {
    id: 'statistics',
    method: 'GET',
    path: '/stats',
    summary: 'Figures about all backups: number, bytes, success rate, verified share, cost',
    query: ['days'],
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for a monitoring system, as OpenMetrics text',
  },
  {
    id: 'listProjects',
    method: 'GET',
    path: '/projects',
    summary: 'Projects as last seen in their sources, each with its last success',
    query: ['limit', 'cursor'],
  },
  {
    id: 'getProject',
    method: 'GET',
    path: '/projects/{projectId}',
    summary: 'One project as last seen in its source, with its last success if it has one',
  },
  {
    id: 'getRetention',
    method: 'GET',
    path: '/projects/{projectId}/retention',
    summary: "How long a project's backups are kept, and where that is set",
  },
  {
    id: 'setRetention',
    method: 'PUT',
    path: '/projects/{projectId}/retention',
    summary: 'Give a project a retention policy of its own and decide again about its backups',
    body: 'RetentionRequest',
    dangerous: true,
  },
  {
    id: 'clearRetention',
    method: 'DELETE',
    path: '/projects/{projectId}/retention',
    summary: 'Let a project follow the retention of its source again',
    query: ['dryRun'],
    dangerous: true,
  },
  {
    id: 'projectStatistics',
    method: 'GET',
    path: '/projects/{projectId}/stats',
    summary: "Figures about a project's backups",
    query: ['days'],
  },
  {
    id: 'listBackupsOfDay',
    method: 'GET',
    path: '/backups',
    summary: 'Backups of all projects that were created on one day, in UTC',
    query: ['day', 'sort', 'limit', 'cursor', ...FILTERS],
  },
  {
    id: 'requestBackup',
    method: 'POST',
    path: '/projects/{projectId}/backups',
    summary: 'Request a backup of one project',
    headers: ['Idempotency-Key'],
    body: 'BackupRequest',
  },
  {
    id: 'listBackups',
    method: 'GET',
    path: '/projects/{projectId}/backups',
    summary: "A project's backups",
    query: ['from', 'to', 'pinned', 'sort', 'limit', 'cursor', ...FILTERS],
  },
  {
    id: 'getBackup',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}',
    summary: 'One backup',
    query: ['wait', 'at'],
  },
  {
    id: 'changeBackup',
    method: 'PATCH',
    path: '/projects/{projectId}/backups/{backupId}',
    summary: "Change a backup's name, description, retention, or whether it is pinned",
    body: 'BackupChange',
    dangerous: true,
  },
  {
    id: 'deleteBackup',
    method: 'DELETE',
    path: '/projects/{projectId}/backups/{backupId}',
    summary:
      'Delete a backup with all versions of its objects; its record says who did it, and when',
    query: ['force', 'reason'],
    dangerous: true,
  },
  {
    id: 'getManifest',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/manifest',
    summary: 'What a backup contains: its tables with their rows, sequences, extensions, warnings',
  },
  {
    id: 'downloadBackup',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/download',
    summary: 'A URL that downloads the backup, valid for 15 minutes',
    query: ['redirect'],
  },
  {
    id: 'cancelBackup',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/cancel',
    summary: 'Cancel a backup that is pending or in progress',
  },
  {
    id: 'restoreGuide',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/restore-guide',
    summary: 'How to restore this backup by hand, without Larder, in Markdown',
  },
  {
    id: 'requestRestore',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/restores',
    summary: 'Restore a backup, or some of its tables, into a new schema beside the live one',
    headers: ['Idempotency-Key'],
    body: 'RestoreRequest',
  },
  {
    id: 'listRestores',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/restores',
    summary: "A backup's restores, newest first",
    query: ['limit', 'cursor'],
  },
  {
    id: 'getRestore',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/restores/{restoreId}',
    summary: 'One restore: its progress, the findings of its preflight checks, its outcome',
    query: ['wait'],
  },
  {
    id: 'cancelRestore',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/restores/{restoreId}/cancel',
    summary: 'Cancel a restore that is pending or in progress',
  },
  {
    id: 'undoSwap',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/restores/{restoreId}/undo',
    summary: 'Undo a swap: exchange the names of the schemas back',
    headers: ['Idempotency-Key'],
    dangerous: true,
  },
  {
    id: 'swapBackup',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/swap',
    summary: 'Restore a backup in place of the live schema, which is kept under another name',
    headers: ['Idempotency-Key'],
    body: 'SwapRequest',
    dangerous: true,
  },
  {
    id: 'restoreElsewhere',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/elsewhere',
    summary: 'Restore a backup into another source that allows it, for a test copy',
    headers: ['Idempotency-Key'],
    body: 'ElsewhereRequest',
    dangerous: true,
  },
  {
    id: 'requestVerification',
    method: 'POST',
    path: '/projects/{projectId}/backups/{backupId}/verify',
    summary: 'Restore a backup into a scratch PostgreSQL and compare it with its manifest',
    headers: ['Idempotency-Key'],
    body: 'VerifyRequest',
  },
  {
    id: 'listVerifications',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/verifications',
    summary: "A backup's verifications, newest first",
    query: ['limit', 'cursor'],
  },
  {
    id: 'getVerification',
    method: 'GET',
    path: '/projects/{projectId}/backups/{backupId}/verifications/{verificationId}',
    summary: 'One verification: what was compared, what differs, or why it could not run',
    query: ['wait'],
  },
  {
    id: 'listRuns',
    method: 'GET',
    path: '/runs',
    summary: 'Runs, newest first',
    query: ['limit', 'cursor'],
  },
  {
    id: 'startRun',
    method: 'POST',
    path: '/runs',
    summary: 'Back up everything now, or some projects or sources',
    headers: ['Idempotency-Key'],
    body: 'RunRequest',
  },
  {
    id: 'getRun',
    method: 'GET',
    path: '/runs/{runId}',
    summary: 'What a run planned, and its progress',
    query: ['wait'],
  },
  {
    id: 'listSchedules',
    method: 'GET',
    path: '/schedules',
    summary: 'All schedules: those of the configuration, then those that this API made',
    query: ['limit', 'cursor'],
  },
  {
    id: 'getSharedSchedule',
    method: 'GET',
    path: '/schedules/{scheduleName}',
    summary: 'One schedule for all projects, with its next due times',
  },
  {
    id: 'putSharedSchedule',
    method: 'PUT',
    path: '/schedules/{scheduleName}',
    summary: 'Create or replace a schedule that backs up all projects',
    headers: ['If-None-Match'],
    body: 'ScheduleRequest',
    dangerous: true,
  },
  {
    id: 'deleteSharedSchedule',
    method: 'DELETE',
    path: '/schedules/{scheduleName}',
    summary: 'Delete a schedule that backs up all projects; its backups stay',
    dangerous: true,
  },
  {
    id: 'listProjectSchedules',
    method: 'GET',
    path: '/projects/{projectId}/schedules',
    summary: "A project's schedules, and those for all projects that back it up",
  },
  {
    id: 'getSchedule',
    method: 'GET',
    path: '/projects/{projectId}/schedules/{scheduleName}',
    summary: "One of a project's schedules, with its next due times",
  },
  {
    id: 'putSchedule',
    method: 'PUT',
    path: '/projects/{projectId}/schedules/{scheduleName}',
    summary: 'Create or replace a schedule that backs up one project',
    headers: ['If-None-Match'],
    body: 'ScheduleRequest',
  },
  {
    id: 'deleteSchedule',
    method: 'DELETE',
    path: '/projects/{projectId}/schedules/{scheduleName}',
    summary: "Delete one of a project's schedules; its backups stay",
  },
  {
    id: 'eraseProject',
    method: 'POST',
    path: '/projects/{projectId}/erase',
    summary: 'Erase a project: all of its backups, rows and schedules, for good',
    body: 'EraseRequest',
    dangerous: true,
  },
  {
    id: 'getErasure',
    method: 'GET',
    path: '/projects/{projectId}/erase',
    summary: 'Progress of an erasure, and when it ended',
  },
  {
    id: 'getErasureStatement',
    method: 'GET',
    path: '/projects/{projectId}/erase/statement',
    summary: 'The signed statement that a project was erased',
  },
] as const satisfies readonly RouteSpec[];

export type RouteId = (typeof ROUTES)[number]['id'];
