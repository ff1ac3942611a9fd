import * as z from 'zod';
import { VAULT } from '../../core/contract.ts';
import { templateProblems } from '../../core/keys.ts';
import { idProblem } from '../../core/project.ts';
import { RETENTION_CLASSES } from '../../core/retention/classes.ts';
import { retentionConfig } from '../../core/retention/policy.ts';
import {
  flexibleMinutes,
  SCHEDULE_NAME,
  SCHEDULE_NAME_RULE,
  scheduleExpression,
  scheduleTimeZone,
} from '../../core/schedules.ts';
import {
  exportSettings,
  notificationSettings,
  restoreSettings,
  sourceName,
  sourceSettings,
} from '../../core/settings.ts';
import { verificationSettings } from '../../core/verification.ts';
import { loginShape } from './login.ts';
import { network } from './network.ts';

/**
 * The configuration's form. The parts that reach a function are built from core/settings.ts; the parts added here
 * are for the infrastructure only. Checks across several parts are in cross-checks.ts.
 */
/** How restores into the source work; without it, the source accepts none. */
const restore = restoreSettings.extend({
  /** The login of the restore role. The backup role's login can't be used: it may only read. See docs/roles.md. */
  ...loginShape,
});

const source = sourceSettings.omit({ auth: true, caFile: true }).extend({
  /** The backup role's login. */
  ...loginShape,
  /** A file with the certificate authority in PEM; its path is relative to the project's folder. */
  ca: z.string().min(1).optional(),
  vpc: network.optional(),
  restore: restore.optional(),
  /** Retention of its projects' backups; absent: that of the configuration. */
  retention: retentionConfig.optional(),
});

const all = z.literal('all');
const projectId = z.string().superRefine((id, context) => {
  const message = idProblem(id);
  if (message) context.addIssue({ code: 'custom', message });
});
const schedule = z.strictObject({
  name: z
    .string()
    .regex(SCHEDULE_NAME, SCHEDULE_NAME_RULE)
    .refine((name) => name !== 'manual', '"manual" is the name of runs started by hand'),
  /** `cron(…)` with six fields, or `rate(…)`, in EventBridge Scheduler's syntax. */
  expression: scheduleExpression,
  /** A name of the IANA database, such as Europe/Berlin. */
  timeZone: scheduleTimeZone,
  /** Length of the flexible window in minutes; 0 fires at the exact minute. */
  flexibleMinutes,
  /** Ids of projects, or all active projects. */
  projects: z.union([all, z.array(projectId).min(1).max(1000)]).default('all'),
  /** Names of sources, or all. */
  sources: z.union([all, z.array(sourceName).min(1)]).default('all'),
  retentionClass: z.enum(RETENTION_CLASSES).default('daily'),
  enabled: z.boolean().default(true),
});

const keyTemplate = z
  .string()
  .superRefine((template, context) => {
    for (const message of templateProblems(template)) context.addIssue({ code: 'custom', message });
  })
  .default(VAULT.defaultKeyTemplate);

const megabytes = (min: number, max: number) => z.int().min(min).max(max);

/** Debian's own rule for package names; a layer's build also accepts them without the major version. */
const extensionPackage = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]{1,99}$/,
    'give the name of a Debian package, such as pgvector or postgresql-18-pgvector',
  );

/** Retention times of a log in days that CloudWatch Logs allows. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

export const configSchema = z.strictObject({
  /** A word that is stored with every backup. */
  environment: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.-]{0,63}$/,
      'use one word of letters, digits and _ . -, 64 at most, such as "production"',
    ),
  sources: z.array(source).min(1),
  schedules: z.array(schedule).default([]),
  /** How long backups are kept: days, generations or both, or days for each class that schedules give. See docs/retention.md. */
  retention: retentionConfig.prefault({}),
  export: exportSettings
    .omit({ temporaryBytes: true })
    .extend({
      /** K: the most exports that run on one source at once. */
      concurrency: z.int().min(1).max(1000).default(3),
    })
    .prefault({}),
  /** Which backups are restored into a scratch server and compared, and with what. */
  verification: verificationSettings
    .omit({ temporaryBytes: true })
    .extend({
      /** MB of the function that runs the scratch server. A function gets CPU in proportion to its memory: one core at 1769. */
      memoryMb: megabytes(512, 10_240).default(3008),
      /** MB of /tmp, for the scratch server's folder: 1.2 times the largest schema to be verified. */
      temporaryMb: megabytes(512, 10_240).default(4096),
      /** Debian packages of the extensions that the schemas use, for the scratch server: such as `pgvector`. */
      extensions: z.array(extensionPackage).max(50).default([]),
      /** The most verifications that run at once, for all sources together. */
      concurrency: z.int().min(1).max(1000).default(2),
    })
    .prefault({}),
  keyTemplate,
  /** Keys that signed manifests before the stack's present key, such as the keys of a deleted stack. */
  manifests: z
    .strictObject({
      olderKeys: z
        .array(
          z
            .string()
            .regex(/^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'give the ARN of a KMS key'),
        )
        .max(4)
        .default([]),
    })
    .prefault({}),
  notifications: notificationSettings,
  api: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('regional') }),
      /** The API accepts requests only through these interface endpoints of execute-api. */
      z.strictObject({
        type: z.literal('private'),
        vpcEndpointIds: z
          .array(z.string().regex(/^vpce-[0-9a-f]{8,17}$/, 'give the id of a VPC endpoint: vpce-…'))
          .min(1),
      }),
    ])
    .prefault({ type: 'regional' }),
  lambda: z
    .strictObject({
      /** MB. A function gets CPU in proportion to its memory: one core at 1769. */
      exportMemoryMb: megabytes(512, 10_240).default(2048),
      /** MB. Only format tar needs more than the minimum. */
      exportTemporaryMb: megabytes(512, 10_240).default(512),
      /** MB, for all other functions. */
      memoryMb: megabytes(256, 10_240).default(512),
    })
    .prefault({}),
  /** PostgreSQL's programs in the layer; see docs/layers.md. */
  postgres: z
    .strictObject({
      majors: z.array(z.int().min(14).max(99)).min(1).optional(),
      /** Major version of the scratch server that verifies backups; absent: the newest, which reads all backups. */
      serverMajor: z.int().min(14).max(99).optional(),
      /** Deploys programs older than the releases that fix known vulnerabilities. */
      acceptOlder: z.boolean().default(false),
    })
    .prefault({}),
  logRetentionDays: z.literal(LOG_DAYS).default(30),
  /** Where alarms go: an existing topic, or an address for which a topic is created. */
  alarms: z
    .strictObject({
      topicArn: z
        .string()
        .regex(/^arn:[\w-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+$/, 'give the ARN of an SNS topic')
        .optional(),
      email: z.email('give one plain mail address').optional(),
    })
    .refine(
      ({ topicArn, email }) => !(topicArn && email),
      'give either topicArn or email: subscribe the address to your own topic',
    )
    .prefault({}),
});

/** The form that an author writes: every part with a default is optional. */
export type ConfigInput = z.input<typeof configSchema>;
export type Config = z.output<typeof configSchema>;
export type SourceConfig = Config['sources'][number];
export type RestoreConfig = NonNullable<SourceConfig['restore']>;
export type ScheduleConfig = Config['schedules'][number];
