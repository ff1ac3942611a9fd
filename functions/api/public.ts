import * as z from 'zod';
import {
  type Backup,
  COMPRESSIONS,
  CONTENTS,
  FORMATS,
  STATUSES,
  TRIGGERS,
  TYPES,
  VALIDATIONS,
} from '../../core/backup.ts';
import { encodePart } from '../../core/keys.ts';
import { printable } from '../../core/printable.ts';
import { type Advance, backupAdvance } from '../../core/progress.ts';
import type { RegisteredProject } from '../../core/project.ts';
import { RETENTION_CLASSES } from '../../core/retention/classes.ts';
import { type Run, scheduleLabel } from '../../core/run.ts';
import type { RunTally } from '../../core/run-ports.ts';

/**
 * What the API shows. Each schema documents an answer in OpenAPI and filters it: members that are not in the schema
 * are not sent. Times are ISO 8601 in UTC, sizes bytes, durations milliseconds.
 */
export const time = z.iso.datetime();
export const bytes = z.number().meta({ description: 'bytes' });
export const path = z.string().meta({ description: 'A path on this API.' });
/** Sentences for people, without hidden characters. They may contain a tenant's names. Fields that hold only a name are unchanged. */
export const prose = z.string().overwrite(printable);
export const failure = z.object({ name: z.string(), message: prose });

/** Members that are made from the others when they are shown. */
export const advance = {
  percent: z
    .int()
    .optional()
    .meta({ description: 'From 0 to 99, as the worker wrote it last: every 20 s.' }),
  secondsLeft: z
    .int()
    .optional()
    .meta({ description: 'Of the present step, estimated. Absent if too little is done to tell.' }),
};

export const queue = z
  .object({
    ahead: z.int().meta({
      description: 'Requests that were made earlier and wait for the same queue.',
    }),
    more: z.boolean().meta({ description: 'True if not all of them were counted.' }),
  })
  .meta({
    description: 'Only of one that is pending, and not in lists. Several are worked on at a time.',
  });
export type Queue = z.infer<typeof queue>;

export const publicBackup = z.object({
  id: z.string(),
  projectId: z.string(),
  projectName: z.string(),
  schemaName: z.string(),
  source: z.string(),
  environment: z.string(),
  name: z.string(),
  description: z.string(),
  type: z.enum(TYPES),
  content: z.enum(CONTENTS),
  trigger: z.enum(TRIGGERS),
  format: z.enum(FORMATS),
  compression: z.enum(COMPRESSIONS).optional(),
  status: z.enum(STATUSES),
  validation: z.enum(VALIDATIONS),
  validatedAt: time.optional(),
  validationWhy: prose.optional().meta({ description: 'What the verification found.' }),
  retentionClass: z.enum(RETENTION_CLASSES),
  fileId: z.string().optional().meta({ description: "The object's key in the vault." }),
  size: bytes.optional(),
  sourceBytes: bytes.optional(),
  checksum: z.string().optional().meta({ description: 'SHA-256 of the object, hex.' }),
  tableCount: z.number().optional(),
  rowCount: z.number().optional(),
  createdAt: time,
  startedAt: time.optional(),
  completedAt: time.optional(),
  durationMs: z.number().optional(),
  expiresAt: time,
  changedAt: time.optional().meta({
    description: 'When a person last changed `name`, `description` or `expiresAt`.',
  }),
  pinned: z.boolean().optional().meta({ description: 'True: it is kept beyond `expiresAt`.' }),
  attempt: z.number(),
  retryAt: time.optional(),
  cancelRequested: z.boolean().optional(),
  runId: z.string().optional(),
  progress: z
    .object({
      tablesDone: z.number(),
      tablesTotal: z.number(),
      sourceBytesDone: bytes
        .optional()
        .meta({ description: 'Bytes on the server of the tables that are done.' }),
      sourceBytesTotal: bytes.optional(),
      bytes,
      bytesPerSecond: z.number(),
      ...advance,
      at: time,
    })
    .optional(),
  queue: queue.optional(),
  warnings: z.array(prose).optional(),
  error: failure.optional(),
  deletedAt: time.optional(),
  deletedWhy: prose.optional(),
  deletedBy: z.string().optional().meta({ description: 'ARN of the principal that deleted it.' }),
  links: z.object({
    self: path,
    manifest: path.optional(),
    download: path.optional(),
    restores: path.optional(),
    verifications: path.optional(),
    verification: path.optional().meta({ description: 'The one that `validation` comes from.' }),
    restoreGuide: path.optional(),
  }),
});
export type PublicBackup = z.infer<typeof publicBackup>;

export const publicProject = z.object({
  id: z.string(),
  name: z.string(),
  schemaName: z.string(),
  status: z.string(),
  source: z.string(),
  seenAt: time,
  lastSuccess: z
    .object({
      backupId: z.string(),
      at: time,
      size: bytes,
      verified: z
        .object({ backupId: z.string(), at: time })
        .optional()
        .meta({ description: 'The newest one that passed its verification.' }),
    })
    .optional(),
  links: z.object({ self: path, backups: path, lastSuccess: path.optional() }),
});

const count = z.int();
export const publicRun = z.object({
  id: z.string(),
  schedule: z.string(),
  scheduledAt: time,
  createdAt: time,
  finishedAt: time.optional(),
  mailedAt: time.optional(),
  retentionClass: z.enum(RETENTION_CLASSES),
  sources: z.array(z.string()),
  projects: z.array(z.string()).optional(),
  parts: z.record(
    z.string(),
    z.object({
      planned: count,
      skipped: z.array(z.object({ projectId: z.string(), why: prose })),
      skippedCount: count,
      plannedAt: time,
      error: failure.optional(),
    }),
  ),
  counts: z
    .object({
      planned: count,
      pending: count,
      'in-progress': count,
      completed: count,
      failed: count,
      cancelled: count,
    })
    .optional()
    .meta({ description: 'Its backups by state.' }),
  links: z.object({ self: path }),
});
export type RunCounts = NonNullable<z.infer<typeof publicRun>['counts']>;

export const projectPath = (base: string, projectId: string): string =>
  `${base}/projects/${encodePart(projectId)}/backups`;

export const backupPath = (base: string, projectId: string, backupId: string): string =>
  `${projectPath(base, projectId)}/${encodePart(backupId)}`;

export const runPath = (base: string, runId: string): string => `${base}/runs/${runId}`;

/** The progress with what follows from it. */
export const withAdvance = <P extends object>(
  progress: P | undefined,
  made: Advance | undefined,
): { readonly progress?: P & Partial<Advance> } =>
  progress ? { progress: { ...progress, ...made } } : {};

export const showBackup = (backup: Backup, base: string, position?: Queue): PublicBackup => {
  const self = backupPath(base, backup.projectId, backup.id);
  const { verificationId } = backup;
  const links = {
    self,
    ...(backup.status === 'completed' && {
      manifest: `${self}/manifest`,
      download: `${self}/download`,
      restores: `${self}/restores`,
      verifications: `${self}/verifications`,
      restoreGuide: `${self}/restore-guide`,
    }),
    ...(verificationId && { verification: `${self}/verifications/${verificationId}` }),
  };
  return publicBackup.parse({
    ...backup,
    ...withAdvance(backup.progress, backupAdvance(backup)),
    queue: position,
    links,
  });
};

export const showProject = (project: RegisteredProject, base: string) => {
  const last = project.lastSuccess;
  return publicProject.parse({
    ...project,
    links: {
      self: `${base}/projects/${encodePart(project.id)}`,
      backups: projectPath(base, project.id),
      ...(last && { lastSuccess: backupPath(base, project.id, last.backupId) }),
    },
  });
};

/** Progress of a run. `running` is the number of open backups that are being exported, from the index, which may lag a moment behind. */
export const countsOf = (tally: RunTally, running: number): RunCounts => {
  const inProgress = Math.min(running, tally.open);
  return {
    planned: tally.planned,
    pending: tally.open - inProgress,
    'in-progress': inProgress,
    completed: tally.ended.completed ?? 0,
    failed: tally.ended.failed ?? 0,
    cancelled: tally.ended.cancelled ?? 0,
  };
};

export const showRun = (run: Run, base: string, counts?: RunCounts) =>
  publicRun.parse({
    ...run,
    schedule: scheduleLabel(run.schedule),
    counts,
    links: { self: runPath(base, run.id) },
  });
