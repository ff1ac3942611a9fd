/**
 * What infrastructure and code must agree on: environment variables, key prefixes, index and attribute
 * names, limits of the queues, error and metric names. It imports nothing, so that both sides may import it.
 */

/** Environment variables of the functions. Values are strings; those marked JSON are parsed by core/settings. */
export const ENV = {
  /** A word kept with every backup, such as `production`. */
  environment: 'LARDER_ENVIRONMENT',
  historyTable: 'LARDER_HISTORY_TABLE',
  vaultBucket: 'LARDER_VAULT_BUCKET',
  /** JSON: one source, see `sourceSettings` in core/settings.ts. Only functions of that source have it. */
  source: 'LARDER_SOURCE',
  /** JSON: export defaults, see `exportSettings` in core/settings.ts. */
  exportDefaults: 'LARDER_EXPORT',
  /** JSON: days that backups of a class are kept, see `retentionSettings`. */
  retention: 'LARDER_RETENTION',
  /** JSON: from, to, whether success is mailed, webhook. */
  notifications: 'LARDER_NOTIFICATIONS',
  keyTemplate: 'LARDER_KEY_TEMPLATE',
  /** Ids or ARNs of the KMS keys that sign manifests, separated by commas. The first one signs; the others are older keys. */
  manifestKeys: 'LARDER_MANIFEST_KEYS',
  /** URL of the source's exports queue (plan, export). */
  exportsQueue: 'LARDER_EXPORTS_QUEUE',
  /** URL of the restores queue of the function's source (restore). */
  restoresQueue: 'LARDER_RESTORES_QUEUE',
  /** URL of the verifications queue. */
  verificationsQueue: 'LARDER_VERIFICATIONS_QUEUE',
  /** JSON: how a source accepts restores, see `restoreSettings`. */
  restore: 'LARDER_RESTORE',
  /** JSON: which backups are verified and how, see `verificationSettings`. */
  verification: 'LARDER_VERIFICATION',
  /** URL of the outcomes queue. */
  outcomesQueue: 'LARDER_OUTCOMES_QUEUE',
  /**
   * Names of parameters (Systems Manager), separated by commas. For api and sweep, they hold each source's queues and functions, and
   * the sources whose backups it accepts. Each is a JSON array, see `routeSettings`.
   */
  routes: 'LARDER_ROUTES',
  /** Folder that holds `<major>/bin/pg_dump`, `/opt/postgres` in Lambda. Several folders are separated by `:`. */
  postgresRoot: 'LARDER_POSTGRES_ROOT',
  /** JSON: the schedules whose firings sweep waits for, see `watchedSchedules` in core/settings.ts. */
  schedules: 'LARDER_SCHEDULES',
  /** JSON: where the schedules are that the API makes, see `apiScheduleSettings`. */
  apiSchedules: 'LARDER_API_SCHEDULES',
  /** Name of the function that erases projects. */
  eraseFunction: 'LARDER_ERASE_FUNCTION',
  /** Names of parameters as above: the kind of each dead-letter queue. See `deadLetterSettings`. */
  deadLetters: 'LARDER_DEAD_LETTERS',
} as const;

/** Keys and attributes of the history table. */
export const TABLE = {
  pk: 'pk',
  sk: 'sk',
  /** Epoch seconds from which DynamoDB may remove the row. Readers filter by `expiresAt` instead. */
  ttl: 'ttl',
  /** Sparse: holds only rows that are still open (pending, in-progress) or whose end was not notified yet (unnotified, stored as `untold`). */
  statusIndex: { name: 'by-status', pk: 'statusKey', sk: 'statusSort' },
  /** Backups and runs, newest first, and jobs that ended badly: one partition for a day and a shard. */
  dayIndex: { name: 'by-day', pk: 'dayKey', sk: 'daySort' },
  /** Number of partitions for each key of the indexes. */
  shards: 8,
  projectPrefix: 'PROJECT#',
  backupPrefix: 'BACKUP#',
  runPrefix: 'RUN#',
  restorePrefix: 'RESTORE#',
  verificationPrefix: 'VERIFICATION#',
  projectRow: 'PROJECT',
  runRow: 'RUN',
  /** Rows of a run that hold the result of one source's planning. */
  partPrefix: 'PART#',
  /** Rows of a run that hold the ids of backups that are not final yet, at most `runChunk` each. */
  chunkPrefix: 'CHUNK#',
  runChunk: 200,
  idempotencyPrefix: 'IDEMPOTENCY#',
  /** One row per schedule: when its newest run was due. */
  schedulePrefix: 'SCHEDULE#',
  firedRow: 'FIRED',
  /** The one row that holds since when sweep has known each schedule. */
  watchedSchedules: { pk: 'SWEEP', sk: 'SCHEDULES' },
  /** The one row that holds how far sweep has checked the vault. */
  vaultRound: { pk: 'SWEEP', sk: 'VAULT' },
} as const;

/**
 * What the indexes carry besides their keys: summaries without progress, so that a heartbeat costs no index
 * write (DynamoDB writes an index only when a projected attribute changes). DynamoDB allows at most 20 such
 * attributes for one index and 100 for all of a table (API reference, Projection). Code that needs more of a
 * row reads the row itself.
 */
export const STATUS_PROJECTION = [
  'kind',
  'id',
  'projectId',
  'projectName',
  'source',
  'name',
  'trigger',
  'status',
  'createdAt',
  'startedAt',
  'completedAt',
  'attempt',
  'runId',
  'queuedAt',
  'schemaName',
  'projectStatus',
  'lastSuccess',
  'seenAt',
] as const;

export const DAY_PROJECTION = [
  'kind',
  'id',
  'projectId',
  'projectName',
  'source',
  'name',
  'type',
  'content',
  'trigger',
  'format',
  'compression',
  'status',
  'validation',
  'size',
  'rowCount',
  'createdAt',
  'completedAt',
  'durationMs',
  'expiresAt',
  'ttl',
] as const;

export const VAULT = {
  /** Every object of Larder's in the vault is under this prefix; grants name it. */
  prefix: 'backups/',
  defaultKeyTemplate: 'backups/{projectId}/{createdAt}-{backupId}-{attempt}',
  manifestExtension: '.manifest.json',
} as const;

/** Templates of archives that exports keep: see core/template-ports.ts. */
export const TEMPLATES = {
  /** Each source has a folder below it. */
  prefix: 'templates/',
  /** An object for each source whose exports must not use what was kept. */
  turnedOffPrefix: 'templates-off/',
  /** Bytes of the largest entry. A table has some 2,000 bytes before compression, and 200 after it. */
  mostBytes: 32 * 1024 ** 2,
  /** Bytes of entries that a process keeps in memory. */
  mostBytesInMemory: 16 * 1024 ** 2,
  /** An entry is used for at most so many days, and for at least `leastDays`, at random, so that not all end in the same night. */
  mostDays: 7,
  leastDays: 4,
  /** The bucket removes entries after so many days. */
  removedAfterDays: 8,
  /** One use in so many is compared with what pg_dump writes now. */
  checkedOneIn: 50,
  /** Seconds for which a process may not notice that keeping was turned off or on. */
  turnedOffSeconds: 300,
} as const;

export const MANIFEST = {
  /** Bytes of the largest manifest that is written or read, because it is held in memory: 100,000 tables make about 20 MB. */
  mostBytes: 64 * 1024 ** 2,
  /** Manifests are nested five times. */
  mostDepth: 32,
  /** Members and elements: a written manifest has fewer, because each takes at least 16 bytes with its indentation. */
  mostValues: 4 * 1024 ** 2,
  /** KMS's name of HMAC with SHA-256, for keys of the spec HMAC_256. */
  macAlgorithm: 'HMAC_SHA_256',
  /** Of such an HMAC. */
  macBytes: 32,
} as const;

/** Times of the queues and of a claim, in seconds. Source: the design's Claiming and Retrying. */
export const TIMES = {
  leaseSeconds: 60,
  heartbeatSeconds: 20,
  visibilityWhileWorkingSeconds: 120,
  retryDelaysSeconds: [60, 300, 900],
  maxAttempts: 3,
  /** Visibility timeout of the exports queue: at least the function's timeout, as Lambda demands. */
  exportsVisibilitySeconds: 960,
  exportTimeoutSeconds: 900,
  /** Visibility timeout of the restores and verifications queues, and timeout of their functions. */
  jobsVisibilitySeconds: 960,
  jobTimeoutSeconds: 900,
  jobsMaxReceiveCount: 50,
  /** How long the record of a restore or verification is kept. */
  jobRowDays: 365,
  /** Stop this long before Lambda would. */
  stopBeforeTimeoutSeconds: 60,
  sweepEveryMinutes: 5,
  deadLettersEveryMinutes: 5,
  /** Far above maxAttempts: the row ends a backup, the queue does not. */
  exportsMaxReceiveCount: 50,
  downloadUrlSeconds: 900,
  idempotencyHours: 24,
  deletedRowDays: 365,
} as const;

/** The stack's name by default. */
export const STACK_NAME = 'Larder';

/** Of the HTTP API. */
export const API = {
  /** Bytes of a request's body: a run may name a thousand projects. API Gateway itself refuses bodies over 10 MB. */
  largestBody: 256 * 1024,
} as const;

/** CloudWatch metrics (EMF), namespace and names. */
export const METRICS = {
  namespace: 'Larder',
  /** Besides `service`: the function's name, which is unique in the account. */
  functionDimension: 'function',
  exportCompleted: 'ExportCompleted',
  exportFailed: 'ExportFailed',
  exportBytes: 'ExportBytes',
  exportDuration: 'ExportDuration',
  exportRetried: 'ExportRetried',
  /** Kept templates that were not what pg_dump wrote: see docs/runbook.md. */
  templatesDiffer: 'TemplatesDiffer',
  restoreCompleted: 'RestoreCompleted',
  restoreFailed: 'RestoreFailed',
  verified: 'BackupVerified',
  /** A restored backup differs from its manifest: a person must look. */
  verificationFailed: 'VerificationFailed',
  verificationCouldNotRun: 'VerificationCouldNotRun',
  sweepRepaired: 'SweepRepaired',
  /** Schedules that are due and have begun no run. */
  runsMissing: 'RunsMissing',
  /** Objects in the vault, a day old, that no row of the history names and nothing may remove: see docs/runbook.md. */
  vaultStrays: 'VaultStrays',
  /** Dead-lettered messages that were handled. */
  messagesBuried: 'MessagesBuried',
  /** Messages and stream records of an unknown form; each is in the log. */
  recordsUnreadable: 'RecordsUnreadable',
  backupsExpired: 'BackupsExpired',
  /** Requests answered 503 because a source did not answer whether it has a project. */
  projectsNotResolved: 'ProjectsNotResolved',
} as const;

/** Prefix of `application_name` of every session on a source: `larder/<backup id>/<attempt>`. */
export const APPLICATION = 'larder';
