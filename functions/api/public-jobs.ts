import * as z from 'zod';
import type { Job } from '../../core/job.ts';
import { WORK_STATUSES } from '../../core/leased-work/work.ts';
import { restoreAdvance, verificationAdvance } from '../../core/progress.ts';
import {
  DRY_RUN_VERDICTS,
  dryRunVerdict,
  ON_CONFLICT,
  RESTORE_MODES,
  RESTORE_STEPS,
  type Restore,
  UNFINISHED_KINDS,
  UNFINISHED_STATES,
} from '../../core/restore.ts';
import { DEPENDENT_KINDS, OBSTACLES, REPOINTINGS } from '../../core/restore-dependents.ts';
import {
  COMPARISONS,
  VERDICTS,
  VERIFICATION_STEPS,
  type Verification,
} from '../../core/verification.ts';
import {
  advance,
  backupPath,
  bytes,
  failure,
  path,
  prose,
  type Queue,
  queue,
  time,
  withAdvance,
} from './public.ts';

/** Fields of restores and verifications that the API shows; also a filter, as in public.ts. */
const count = z.int();
const lines = z.array(prose);
const tableName = z.object({ schema: z.string(), name: z.string() });
const places = z
  .array(z.object({ from: z.string(), to: z.string() }))
  .meta({ description: "Schemas: the backup's name, or the one before, and the new one." });

const namingLive = z
  .array(
    z.object({
      what: prose.meta({
        description: 'Such as `the default of column "no" of table "acme.orders"`.',
      }),
      writes: z.boolean().meta({ description: 'It would change the live schema.' }),
    }),
  )
  .meta({
    description:
      "Objects with the live schema's name in a string constant: they still read or write the live schema. Found by searching the text.",
  });

const jobShape = {
  id: z.string(),
  projectId: z.string(),
  projectName: z.string(),
  backupId: z.string(),
  source: z.string(),
  environment: z.string(),
  status: z.enum(WORK_STATUSES),
  attempt: z.number(),
  createdAt: time,
  startedAt: time.optional(),
  completedAt: time.optional(),
  durationMs: z.number().optional(),
  retryAt: time.optional(),
  cancelRequested: z.boolean().optional(),
  error: failure.optional(),
  expiresAt: time.meta({ description: 'When this record may be removed.' }),
};

const dependentObjects = z
  .array(
    z.object({
      kind: z.enum(DEPENDENT_KINDS),
      name: z.string(),
      owner: z.string().optional(),
      repoint: z.enum(REPOINTINGS),
      obstacle: z.enum(OBSTACLES).optional(),
      detail: z.string().optional(),
      sql: z.string().optional(),
    }),
  )
  .optional();

const report = z
  .object({
    at: time,
    serverVersion: z.string(),
    schemas: places,
    needs: z.object({ databaseBytes: bytes, seconds: z.number(), secondsAllowed: z.number() }),
    missingExtensions: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        schema: z.string(),
        available: z.boolean(),
      }),
    ),
    missingRoles: lines,
    missingOutside: lines,
    functionsNamingLive: lines.meta({
      deprecated: true,
      description: 'Functions only. namingLive lists all objects, with what each does.',
    }),
    namingLive: namingLive.optional(),
    foreignKeysOutside: lines,
    dependents: lines.meta({
      deprecated: true,
      description: 'Names only. dependentObjects has the same objects with their SQL.',
    }),
    dependentObjects: dependentObjects.meta({
      description:
        'The same objects in detail: whether each can be repointed to the restored schema, and the SQL that does it after the exchange of names.',
    }),
    problems: lines.meta({ description: 'Why the restore is refused; empty if it can go on.' }),
    warnings: lines,
  })
  .meta({ description: 'Findings of the preflight checks, before anything was written.' });

const unfinished = z
  .object({
    kind: z.enum(UNFINISHED_KINDS),
    object: prose,
    state: z.enum(UNFINISHED_STATES),
    why: prose,
    sql: z.string().optional(),
  })
  .meta({
    description:
      "An object that could not be recreated as it was, with PostgreSQL's reason and the SQL that completes it.",
  });

const outcome = z
  .object({
    schemas: places,
    tables: count,
    rows: count,
    bytesRead: bytes,
    foreignKeys: z.array(
      z.object({
        table: tableName,
        name: z.string(),
        state: z.enum(['valid', 'not-valid', 'left-out']),
        why: prose.optional(),
        sql: z.string().optional(),
      }),
    ),
    leftOut: z.array(z.object({ what: prose, why: prose })),
    unfinished: z.array(unfinished).optional(),
    before: places,
    dependentObjects: dependentObjects.meta({
      description:
        'After an exchange of names: "done" uses the schema that is live now, "not-done" the old one.',
    }),
    namingLive: namingLive.optional(),
    warnings: lines,
  })
  .meta({ description: 'The outcome.' });

export const publicRestore = z.object({
  ...jobShape,
  source: z.string().meta({ description: 'The source that the restore writes to.' }),
  mode: z.enum(RESTORE_MODES),
  from: z.string().meta({ description: 'The source that the backup was taken from.' }),
  schemaName: z.string(),
  newSchema: z.string().optional(),
  tables: z.array(z.string()).optional(),
  into: z.enum(['beside', 'live']),
  owners: z.enum(['keep', 'drop']),
  acceptDependents: z.boolean(),
  repointDependents: z.boolean().optional(),
  acceptOwnCode: z.boolean().optional(),
  onConflict: z.enum(ON_CONFLICT).optional(),
  dryRun: z.boolean(),
  undoes: z.string().optional().meta({ description: 'The swap that it undoes.' }),
  safetyBackupId: z.string().optional(),
  progress: z
    .object({
      step: z.enum(RESTORE_STEPS),
      tablesDone: count,
      tablesTotal: count,
      bytesRead: bytes,
      bytesTotal: bytes,
      bytesPerSecond: z.number().optional(),
      ...advance,
      since: time.optional().meta({ description: 'When the step began.' }),
      at: time,
    })
    .optional(),
  queue: queue.optional(),
  verdict: z
    .enum(DRY_RUN_VERDICTS)
    .optional()
    .meta({ description: 'Of a completed dry run: whether the restore can go on.' }),
  report: report.optional(),
  outcome: outcome.optional(),
  links: z.object({
    self: path,
    backup: path,
    undo: path.optional(),
    undoes: path.optional(),
    safetyBackup: path.optional(),
  }),
});

export const publicVerification = z.object({
  ...jobShape,
  compare: z.enum(COMPARISONS),
  progress: z
    .object({
      step: z.enum(VERIFICATION_STEPS),
      bytesRead: bytes,
      bytesTotal: bytes,
      bytesPerSecond: z.number().optional(),
      ...advance,
      since: time,
      at: time,
    })
    .optional(),
  queue: queue.optional(),
  asked: z.boolean().meta({ description: 'A person asked for it.' }),
  result: z
    .object({
      verdict: z.enum(VERDICTS),
      why: prose.optional(),
      differences: lines.meta({ description: 'The first 50.' }),
      differenceCount: count,
      checked: z.object({
        tables: count,
        rows: count,
        objects: count,
        sequences: count,
        foreignKeys: count,
        materializedViews: count,
        hashedTables: count,
      }),
      notChecked: lines,
      unfinished: z.array(unfinished).optional(),
      serverVersion: z.string().optional(),
      diskBytes: bytes.optional(),
    })
    .optional(),
  links: z.object({ self: path, backup: path }),
});

type InBackup = Pick<Job, 'projectId' | 'backupId' | 'id'>;

export const restorePath = (base: string, { projectId, backupId, id }: InBackup): string =>
  `${backupPath(base, projectId, backupId)}/restores/${id}`;

export const verificationPath = (base: string, { projectId, backupId, id }: InBackup): string =>
  `${backupPath(base, projectId, backupId)}/verifications/${id}`;

/** Ends that were written without reading the source: the names may have been exchanged. */
const UNSEEN_ENDS: readonly unknown[] = ['JobWorkerDied', 'JobMessageBuried'];

/** True for a swap that exchanged names, or may have: the undo checks the source. */
export const isUndoable = (restore: Restore): boolean => {
  const { mode, status, dryRun, outcome: made, exchange = [], error } = restore;
  if (mode !== 'swap' || dryRun) return false;
  if (status === 'completed') return Boolean(made?.before.length);
  const steppedAside = exchange.some(({ from }) => exchange.some(({ to }) => to === from));
  return status === 'failed' && steppedAside && UNSEEN_ENDS.includes(error?.name);
};

export const showRestore = (restore: Restore, base: string, position?: Queue) => {
  const { projectId, backupId, undoes, safetyBackupId } = restore;
  const self = restorePath(base, restore);
  return publicRestore.parse({
    ...restore,
    ...withAdvance(restore.progress, restoreAdvance(restore)),
    queue: position,
    verdict: dryRunVerdict(restore),
    links: {
      self,
      backup: backupPath(base, projectId, backupId),
      ...(isUndoable(restore) && { undo: `${self}/undo` }),
      ...(undoes && { undoes: restorePath(base, { projectId, backupId, id: undoes }) }),
      ...(safetyBackupId && { safetyBackup: backupPath(base, projectId, safetyBackupId) }),
    },
  });
};

export const showVerification = (verification: Verification, base: string, position?: Queue) =>
  publicVerification.parse({
    ...verification,
    ...withAdvance(verification.progress, verificationAdvance(verification)),
    queue: position,
    links: {
      self: verificationPath(base, verification),
      backup: backupPath(base, verification.projectId, verification.backupId),
    },
  });
