import * as z from 'zod';
import { FORMATS } from './backup.ts';
import { InvalidInput } from './errors/request.ts';
import { UUID } from './ids.ts';
import { inputWords, linesOf } from './input-words.ts';

/** Messages of the queues, and events of the functions. All are small and hold ids, never contents. */
const projectId = z.string().min(1).max(512);
const uuid = z.string().regex(UUID);
const failure = z.strictObject({ name: z.string(), message: z.string() });

/** exports.fifo: export this backup. The row holds everything else. */
export const exportMessage = z.strictObject({ projectId, backupId: uuid });
export type ExportMessage = z.infer<typeof exportMessage>;

/** restores.fifo: the row holds everything else. */
export const restoreMessage = z.strictObject({ projectId, restoreId: uuid });
export type RestoreMessage = z.infer<typeof restoreMessage>;

/** verifications: the row holds everything else. */
export const verificationMessage = z.strictObject({ projectId, verificationId: uuid });
export type VerificationMessage = z.infer<typeof verificationMessage>;

/** outcomes: some work ended, and a person may need a mail. The rows hold everything else. */
export const outcomeMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('backup'), projectId, backupId: uuid, runId: uuid.optional() }),
  z.strictObject({ kind: z.literal('run'), runId: uuid }),
  z.strictObject({ kind: z.literal('restore'), projectId, restoreId: uuid }),
  z.strictObject({ kind: z.literal('verification'), projectId, verificationId: uuid }),
  /** `plan` failed for good for one source of a run. */
  z.strictObject({
    kind: z.literal('plan-failed'),
    runId: uuid,
    source: z.string(),
    error: failure,
  }),
]);
export type OutcomeMessage = z.infer<typeof outcomeMessage>;

/** The event of `plan`: one firing of one schedule, for one source. */
export const planEvent = z.strictObject({
  schedule: z.string().min(1).max(64),
  /** EventBridge Scheduler's `<aws.scheduler.scheduled-time>`. */
  scheduledAt: z.iso.datetime({ offset: true }),
  /** All sources that this schedule fires for; the run waits for all their parts. */
  sources: z.array(z.string()).min(1),
  /** Ids, or absent for every active project. */
  projects: z.array(projectId).optional(),
  retentionClass: z.enum(['daily', 'weekly', 'monthly', 'yearly']).default('daily'),
  /** Days that its backups are kept; absent: as the configuration says for the class. */
  retentionDays: z.int().min(1).max(36_500).optional(),
  /** Absent: the configuration's. */
  format: z.enum(FORMATS).optional(),
});
export type PlanEvent = z.infer<typeof planEvent>;

/** The event of `start-runs`: one firing of a schedule. */
export const firingEvent = planEvent.extend({
  /** Absent: all sources that the configuration has when the schedule fires. */
  sources: planEvent.shape.sources.optional(),
});
export type FiringEvent = z.infer<typeof firingEvent>;

/** The event of `discover`: look one project up, or refresh all. */
export const discoverEvent = z.strictObject({ projectId: projectId.optional() });
export type DiscoverEvent = z.infer<typeof discoverEvent>;

const registeredProject = z.object({
  id: z.string(),
  name: z.string(),
  schemaName: z.string(),
  status: z.string(),
  source: z.string(),
  seenAt: z.string(),
  lastSuccess: z
    .object({
      backupId: z.string(),
      at: z.string(),
      size: z.number(),
      verified: z.object({ backupId: z.string(), at: z.string() }).exactOptional(),
    })
    .exactOptional(),
});

/** Result of a refresh of the registry. */
export const refreshCounts = z.object({
  /** Projects the source listed. */
  listed: z.int(),
  active: z.int(),
  /** Rows of the registry that had to be written. */
  written: z.int(),
  /** Projects that the source no longer lists. */
  gone: z.int(),
  refusedCount: z.int(),
  /** Projects that can't be accepted, with the reason: at most 100 of them. */
  refused: z.array(z.object({ projectId: z.string(), why: z.string() })),
});
export type RefreshCounts = z.infer<typeof refreshCounts>;

/**
 * What `discover` returns. A failure is a value and no error of the invocation: the caller needs its name,
 * and Lambda's own error payload would contain a stack. `FailedElsewhere` of core/errors.ts makes it an error again.
 */
export const discoverResult = z.discriminatedUnion('kind', [
  z.object({
    ok: z.literal(true),
    kind: z.literal('project'),
    /** Null if the source has no project with that id. */
    project: registeredProject.nullable(),
  }),
  z.object({ ok: z.literal(true), kind: z.literal('refresh'), counts: refreshCounts }),
  z.object({
    ok: z.literal(false),
    kind: z.literal('failure'),
    error: failure.extend({ retryable: z.boolean() }),
  }),
]);
export type DiscoverResult = z.infer<typeof discoverResult>;

/**
 * Parses with a schema.
 * @throws InvalidInput with a line for each mistake: its path and the correct form
 */
export const parse = <S extends z.ZodType>(
  what: string,
  schema: S,
  value: unknown,
): z.output<S> => {
  const result = schema.safeParse(value, { error: inputWords });
  if (result.success) return result.data;
  throw new InvalidInput(what, linesOf(schema, result.error.issues));
};

/** @throws InvalidInput if the text is no JSON or does not match the schema */
export const parseJson = <S extends z.ZodType>(
  what: string,
  schema: S,
  text: string,
): z.output<S> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput(what, ['it is not JSON'], { cause });
  }
  return parse(what, schema, value);
};
