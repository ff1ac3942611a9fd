import * as z from 'zod';
import { RETENTION_CLASSES } from '../../core/backup.ts';
import { VAULT } from '../../core/contract.ts';
import { templateProblems } from '../../core/keys.ts';
import { idProblem } from '../../core/project.ts';
import {
  exportSettings,
  notificationSettings,
  restoreSettings,
  retentionSettings,
  sourceName,
  sourceSettings,
} from '../../core/settings.ts';
import { verificationSettings } from '../../core/verification.ts';
import { loginShape } from './login.ts';
import { network } from './network.ts';
import { expressionProblems, isTimeZone } from './schedule-expression.ts';

/**
 * The configuration's form. What reaches a function is built from core/settings.ts; what is added here
 * is for the infrastructure alone. What concerns several parts at once is in cross-checks.ts.
 */
/** How the source takes restores; without it, it takes none. */
const restore = restoreSettings.extend({
  /** A login of its own, of the restore role: the backup's may only read. See docs/roles.md. */
  ...loginShape,
});

const source = sourceSettings.omit({ auth: true, caFile: true }).extend({
  /** The backup role's login. */
  ...loginShape,
  /** A file with the certificate authority in PEM, from the project's folder. */
  ca: z.string().min(1).optional(),
  vpc: network.optional(),
  restore: restore.optional(),
});

const all = z.literal('all');
const projectId = z.string().superRefine((id, context) => {
  const message = idProblem(id);
  if (message) context.addIssue({ code: 'custom', message });
});
const schedule = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,39}$/,
      'use lower-case letters, digits and "-", 40 at most, beginning with a letter',
    )
    .refine((name) => name !== 'manual', '"manual" is the name of runs started by hand'),
  /** `cron(…)` with six fields, or `rate(…)`, as EventBridge Scheduler has them. */
  expression: z.string().superRefine((expression, context) => {
    for (const message of expressionProblems(expression)) {
      context.addIssue({ code: 'custom', message });
    }
  }),
  /** A name of the IANA database, such as Europe/Berlin. */
  timeZone: z
    .string()
    .refine(isTimeZone, 'give a time zone of the IANA database, such as Europe/Berlin or UTC')
    .default('UTC'),
  /** Minutes within which it may fire; 0 fires at the minute. */
  flexibleMinutes: z.int().min(0).max(1440).default(0),
  /** Ids of projects, or all that are active. */
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

/** Debian's own rule for names of packages; a layer's build takes them without the major too. */
const extensionPackage = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]{1,99}$/,
    'give the name of a Debian package, such as pgvector or postgresql-18-pgvector',
  );

/** Days that CloudWatch Logs can keep a log. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

export const configSchema = z.strictObject({
  /** A word kept with every backup. */
  environment: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.-]{0,63}$/,
      'use one word of letters, digits and _ . -, 64 at most, such as "production"',
    ),
  sources: z.array(source).min(1),
  schedules: z.array(schedule).default([]),
  /** Days that backups live: one number for all, or one a class. */
  retention: z
    .union([retentionSettings.shape.daily.unwrap(), retentionSettings])
    .transform((value) =>
      typeof value === 'number'
        ? { daily: value, weekly: value, monthly: value, yearly: value }
        : value,
    )
    .prefault({}),
  export: exportSettings
    .omit({ temporaryBytes: true })
    .extend({
      /** K: exports that run on one source at once, at most. */
      concurrency: z.int().min(1).max(1000).default(3),
    })
    .prefault({}),
  /** Which backups are brought back into a scratch server and compared, and with what. */
  verification: verificationSettings
    .omit({ temporaryBytes: true })
    .extend({
      /** MB. The scratch server runs in it; a function gets CPU by its memory: one core at 1769. */
      memoryMb: megabytes(512, 10_240).default(3008),
      /** MB of /tmp, for the scratch server's folder: 1.2 times the largest schema to be verified. */
      temporaryMb: megabytes(512, 10_240).default(4096),
      /** Packages of the extensions that the schemas use, for the scratch server: such as `pgvector`. */
      extensions: z.array(extensionPackage).max(50).default([]),
      /** Verifications that run at once, of all sources. */
      concurrency: z.int().min(1).max(1000).default(2),
    })
    .prefault({}),
  keyTemplate,
  /** Keys that manifests were signed with before the stack's present one, such as those of a stack that is gone. */
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
      /** Reached through these interface endpoints of execute-api only. */
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
      /** MB. A function gets CPU by its memory: one core at 1769. */
      exportMemoryMb: megabytes(512, 10_240).default(2048),
      /** MB. Only format tar needs more than the least. */
      exportTemporaryMb: megabytes(512, 10_240).default(512),
      /** MB, of all other functions. */
      memoryMb: megabytes(256, 10_240).default(512),
    })
    .prefault({}),
  /** PostgreSQL's programs in the layer; see docs/layers.md. */
  postgres: z
    .strictObject({
      majors: z.array(z.int().min(14).max(99)).min(1).optional(),
      /** Of the scratch server that backups are verified on; absent takes the newest, which reads them all. */
      serverMajor: z.int().min(14).max(99).optional(),
      /** Deploys programs below the releases that close known holes. */
      acceptOlder: z.boolean().default(false),
    })
    .prefault({}),
  logRetentionDays: z.literal(LOG_DAYS).default(30),
  /** Where alarms go: a topic of yours, or an address that a topic is made for. */
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

/** What an author writes: everything with a default may be left out. */
export type ConfigInput = z.input<typeof configSchema>;
export type Config = z.output<typeof configSchema>;
export type SourceConfig = Config['sources'][number];
export type RestoreConfig = NonNullable<SourceConfig['restore']>;
export type ScheduleConfig = Config['schedules'][number];
