import * as z from 'zod';
import { COMPRESSIONS, FORMATS } from './backup.ts';
import { ENGINES } from './engine.ts';
import { retentionSettings } from './retention/policy.ts';

/**
 * The settings of a function, from its environment or from parameters that the environment names. The configuration (lib/config) uses
 * the same schemas, so a function can read every configuration that synthesis accepted.
 */
const word = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,30}$/,
    'use lower-case letters, digits and "-", 31 at most, beginning with a letter',
  );

export const sourceName = word;
const idPrefix = z.string().max(32).default('');

/**
 * The query that lists a source's projects. It must return the columns `id`, `name`, `schema_name` and `status`.
 * Larder wraps it as a subquery to look one project up, so it can't end with a semicolon.
 */
export const DEFAULT_PROJECT_QUERY =
  'SELECT id::text AS id, name::text AS name, id::text AS schema_name, status::text AS status FROM control_plane.projects';

export const sourceSettings = z.strictObject({
  name: sourceName,
  host: z.string().min(1),
  port: z.int().min(1).max(65535).default(5432),
  database: z.string().min(1).max(63),
  auth: z.discriminatedUnion('type', [
    /** A Secrets Manager secret: a JSON object with username and password, or a postgresql:// URL. */
    z.strictObject({
      type: z.literal('secret'),
      secretArn: z
        .string()
        .regex(/^arn:[\w-]+:secretsmanager:/, 'give the ARN of a Secrets Manager secret'),
    }),
    /** A token of rds:GenerateDBAuthToken, created for each connection. */
    z.strictObject({
      type: z.literal('iam'),
      user: z.string().min(1).max(63),
      region: z.string().optional(),
    }),
  ]),
  /** How TLS is verified. `disable` is for a server on the same machine only. */
  tls: z.enum(['verify-full', 'disable']).default('verify-full'),
  /** File name of the CA in PEM beside the function's code; absent means the RDS bundle. */
  caFile: z.string().optional(),
  projectQuery: z
    .string()
    .regex(/\S/, 'give a query')
    .refine((query) => !/;\s*$/.test(query), 'leave out the semicolon at the end')
    .default(DEFAULT_PROJECT_QUERY),
  /** Makes each of these schemas a project, instead of a query. */
  schemas: z.array(z.string().min(1).max(63)).min(1).optional(),
  /**
   * Schemas that belong to no project but that all projects need, such as `control_plane`. Every run exports them as a project
   * of their own, `_shared-<source>`, together with roles and their memberships.
   */
  sharedSchemas: z.array(z.string().min(1).max(63)).default([]),
  /** Prefix of every id of this source. If all sources have one, IAM separates their functions: docs/access.md. */
  idPrefix,
  /** Former prefixes of its ids, '' for none: its functions keep their access to the objects under them. */
  olderIdPrefixes: z.array(idPrefix).max(4).default([]),
});
export type SourceSettings = z.infer<typeof sourceSettings>;

const GiB = 1024 ** 3;
export const exportSettings = z.strictObject({
  format: z.enum(FORMATS).default('custom'),
  /** Absent: the best the server's version allows. */
  compression: z.enum(COMPRESSIONS).optional(),
  /** Longest wait for a table's lock, milliseconds. */
  lockTimeoutMs: z.int().min(100).max(60_000).default(5000),
  /** Seconds after which the export stops because DDL waits for its locks; `never`: it does not stop. */
  giveWayAfterSeconds: z.union([z.int().min(1).max(840), z.literal('never')]).default(10),
  /** Bytes of the stored object. */
  maximumStoredBytes: z
    .int()
    .min(1)
    .max(5 * 1024 * GiB)
    .default(10 * GiB),
  /** 14 minutes at most: a minute before Lambda's own limit. */
  maximumDurationSeconds: z.int().min(10).max(840).default(840),
  /** What to do with partitions of a schema's tables that are in other schemas. */
  partitionsElsewhere: z.enum(['refuse', 'accept']).default('refuse'),
  /** Bytes of the function's temporary storage, for format tar. */
  temporaryBytes: z
    .int()
    .min(0)
    .default(512 * 1024 ** 2),
  /** `rows` also hashes each table's rows, so that a verification can compare them; this takes time on the server. */
  compare: z.enum(['counts', 'rows']).default('counts'),
  /** Who writes archives of format custom: stock pg_dump, or Larder's own engine (docs/decisions/own-data-path.md). */
  engine: z.enum(ENGINES).default('pg_dump'),
  /** The engine's templates: kept while a fingerprint of the schema stands, or made by pg_dump for each backup (docs/decisions/kept-templates.md). */
  templates: z.enum(['kept', 'fresh']).default('kept'),
});
export type ExportSettings = z.infer<typeof exportSettings>;

/** How a source accepts restores; a source without it accepts none. */
export const restoreSettings = z.strictObject({
  /** Sources whose backups may be restored here by POST .../elsewhere. */
  from: z.array(sourceName).default([]),
  /** Creates extensions that a backup needs and the database lacks, if the server has them. */
  createExtensions: z.boolean().default(false),
  /** Longest wait for a lock, milliseconds. */
  lockTimeoutMs: z.int().min(100).max(60_000).default(2000),
});
export type RestoreSettings = z.infer<typeof restoreSettings>;

/** CR or LF in an address would end its header. */
const address = z.email('give one plain mail address');
export const notificationSettings = z.strictObject({
  from: address,
  to: z.array(address).min(1).max(50),
  /** SES configuration set. Needed if the identity has a default one: SES then checks the right to use that one too. */
  configurationSet: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'give the name of an SES configuration set')
    .optional(),
  /** Whether successful runs and backups are mailed too; failures always are. */
  onSuccess: z.boolean().default(true),
});
export type NotificationSettings = z.infer<typeof notificationSettings>;

/** A source's queues and functions, for api and sweep. */
export const routeSettings = z.array(
  z.strictObject({
    source: sourceName,
    exportsQueue: z.url(),
    discoverFunction: z.string(),
    planFunction: z.string(),
    /** Absent if the source accepts no restores. */
    restoresQueue: z.url().optional(),
    /** Retention of its backups; absent: that of the configuration. */
    retention: retentionSettings.optional(),
    /** Sources whose backups it accepts, besides its own. */
    restoreFrom: z.array(sourceName).default([]),
  }),
);
export type Route = z.infer<typeof routeSettings>[number];

/** Enabled schedules, with the facts from which sweep computes when each should have fired. */
export const watchedSchedules = z.array(
  z.strictObject({
    name: z.string(),
    /** `cron(…)` or `rate(…)`, in EventBridge Scheduler's syntax. */
    expression: z.string(),
    timeZone: z.string(),
    /** Minutes after the due time within which Scheduler may fire. */
    flexibleMinutes: z.int().min(0),
  }),
);
export type WatchedSchedule = z.infer<typeof watchedSchedules>[number];

/** Where the schedules are that the API keeps in EventBridge Scheduler. */
export const apiScheduleSettings = z.strictObject({
  /** The schedule group of those that the API makes. */
  group: z.string().min(1),
  /** The group of the configuration's: the API only reads it. */
  configuredGroup: z.string().min(1),
  /** ARN of the role with which EventBridge Scheduler fires them. */
  role: z.string().min(1),
  /** ARN of the function that they start. */
  target: z.string().min(1),
  /** ARN of the queue for firings that could not be delivered. */
  deadLetters: z.string().min(1),
});
export type ApiScheduleSettings = z.infer<typeof apiScheduleSettings>;

/** What a dead-letter queue holds. */
export const DEAD_LETTER_KINDS = [
  'exports',
  'outcomes',
  'plan',
  'runs',
  'expire',
  'restores',
  'verifications',
] as const;
export type DeadLetterKind = (typeof DEAD_LETTER_KINDS)[number];

/**
 * The kind of each dead-letter queue. `runs` has the events of schedules that began no run. `exports`, `restores` and `plan` have a queue for
 * each source and name it: a plan event lists all sources of its run, so only its queue shows whose planning failed.
 */
export const deadLetterSettings = z.array(
  z.strictObject({
    queueUrl: z.url(),
    kind: z.enum(DEAD_LETTER_KINDS),
    source: sourceName.optional(),
  }),
);
export type DeadLetterSettings = z.infer<typeof deadLetterSettings>;
