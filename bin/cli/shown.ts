import * as z from 'zod';

/** The members of the API's answers that commands read. `--json` prints the whole answers. */
const failure = z.looseObject({ name: z.string(), message: z.string() });
const queue = z.looseObject({ ahead: z.number(), more: z.boolean() }).optional();
const advance = { percent: z.number().optional(), secondsLeft: z.number().optional() };
const links = z.looseObject({ self: z.string() });
const places = z.array(z.looseObject({ from: z.string(), to: z.string() }));

export const backup = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  source: z.string(),
  name: z.string(),
  content: z.string(),
  trigger: z.string(),
  format: z.string(),
  compression: z.string().optional(),
  status: z.string(),
  validation: z.string(),
  validationWhy: z.string().optional(),
  schemaName: z.string(),
  size: z.number().optional(),
  tableCount: z.number().optional(),
  rowCount: z.number().optional(),
  checksum: z.string().optional(),
  createdAt: z.string(),
  completedAt: z.string().optional(),
  durationMs: z.number().optional(),
  expiresAt: z.string(),
  pinned: z.boolean().optional(),
  deletedAt: z.string().optional(),
  deletedBy: z.string().optional(),
  deletedWhy: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  error: failure.optional(),
  progress: z
    .looseObject({
      tablesDone: z.number(),
      tablesTotal: z.number(),
      bytes: z.number(),
      bytesPerSecond: z.number(),
      ...advance,
    })
    .optional(),
  queue,
  links,
});
export type Backup = z.output<typeof backup>;

const dependent = z.looseObject({ kind: z.string(), name: z.string(), repoint: z.string() });

export const restore = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  backupId: z.string(),
  source: z.string(),
  mode: z.string(),
  dryRun: z.boolean(),
  status: z.string(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
  verdict: z.string().optional(),
  error: failure.optional(),
  progress: z
    .looseObject({
      step: z.string(),
      tablesDone: z.number(),
      tablesTotal: z.number(),
      bytesRead: z.number(),
      bytesTotal: z.number(),
      ...advance,
    })
    .optional(),
  queue,
  report: z
    .looseObject({
      schemas: places,
      needs: z.looseObject({ databaseBytes: z.number(), seconds: z.number() }),
      problems: z.array(z.string()),
      warnings: z.array(z.string()),
      dependentObjects: z.array(dependent).optional(),
      namingLive: z.array(z.looseObject({ what: z.string(), writes: z.boolean() })).optional(),
    })
    .optional(),
  outcome: z
    .looseObject({
      schemas: places,
      tables: z.number(),
      rows: z.number(),
      before: places,
      leftOut: z.array(z.looseObject({ what: z.string(), why: z.string() })),
      unfinished: z
        .array(z.looseObject({ object: z.string(), why: z.string(), sql: z.string().optional() }))
        .optional(),
      dependentObjects: z.array(dependent).optional(),
      warnings: z.array(z.string()),
    })
    .optional(),
  links: z.looseObject({ self: z.string(), undo: z.string().optional() }),
});
export type Restore = z.output<typeof restore>;

export const verification = z.looseObject({
  id: z.string(),
  projectId: z.string(),
  backupId: z.string(),
  status: z.string(),
  compare: z.string(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
  error: failure.optional(),
  progress: z
    .looseObject({
      step: z.string(),
      bytesRead: z.number(),
      bytesTotal: z.number(),
      ...advance,
    })
    .optional(),
  queue,
  result: z
    .looseObject({
      verdict: z.string(),
      why: z.string().optional(),
      differences: z.array(z.string()),
      differenceCount: z.number(),
      notChecked: z.array(z.string()),
      checked: z.looseObject({ tables: z.number(), rows: z.number(), objects: z.number() }),
    })
    .optional(),
  links,
});
export type Verification = z.output<typeof verification>;

export const run = z.looseObject({
  id: z.string(),
  schedule: z.string(),
  scheduledAt: z.string(),
  finishedAt: z.string().optional(),
  sources: z.array(z.string()),
  parts: z.record(
    z.string(),
    z.looseObject({
      planned: z.number(),
      skippedCount: z.number(),
      skipped: z.array(z.looseObject({ projectId: z.string(), why: z.string() })),
      error: failure.optional(),
    }),
  ),
  counts: z
    .looseObject({
      planned: z.number(),
      pending: z.number(),
      'in-progress': z.number(),
      completed: z.number(),
      failed: z.number(),
      cancelled: z.number(),
    })
    .optional(),
  links,
});
export type Run = z.output<typeof run>;

export const project = z.looseObject({
  id: z.string(),
  name: z.string(),
  schemaName: z.string(),
  status: z.string(),
  source: z.string(),
  seenAt: z.string().optional(),
  lastSuccess: z.looseObject({ backupId: z.string(), at: z.string(), size: z.number() }).optional(),
});
export type Project = z.output<typeof project>;

export const manifest = z.looseObject({
  tables: z.array(
    z.looseObject({
      schema: z.string(),
      name: z.string(),
      kind: z.string(),
      rows: z.number().nullable(),
      bytes: z.number(),
    }),
  ),
});
export type Manifest = z.output<typeof manifest>;
export const schedule = z.looseObject({
  name: z.string(),
  scope: z.string(),
  projectId: z.string().optional(),
  projectStatus: z.string().optional(),
  managedBy: z.string(),
  sources: z.array(z.string()).optional(),
  projects: z.array(z.string()).optional(),
  expression: z.string(),
  timeZone: z.string(),
  flexibleMinutes: z.number(),
  retentionClass: z.string(),
  retentionDays: z.number().optional(),
  format: z.string().optional(),
  paused: z.boolean(),
  nextTimes: z.array(z.string()),
  lastDueAt: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  links,
});
export type Schedule = z.output<typeof schedule>;
export const schedules = z.looseObject({ items: z.array(schedule) });

export const erasure = z.looseObject({
  projectId: z.string(),
  status: z.string(),
  requestedAt: z.string(),
  requestedBy: z.string().optional(),
  completedAt: z.string().optional(),
  waitingFor: z.number(),
  removed: z.looseObject({
    objects: z.number(),
    uploads: z.number(),
    rows: z.number(),
    schedules: z.number(),
  }),
  remaining: z.looseObject({ reason: z.string(), objects: z.number() }).optional(),
  links,
});
export type Erasure = z.output<typeof erasure>;

export const erasureStatement = z.looseObject({
  statement: z.string(),
  signature: z.looseObject({ algorithm: z.string(), keyId: z.string(), mac: z.string() }),
});

export const download = z.looseObject({
  url: z.string(),
  fileName: z.string(),
  size: z.number(),
  checksum: z.string(),
});

/** One page of a list. */
export const pageOf = <S extends z.ZodType>(item: S) =>
  z.looseObject({ items: z.array(item), cursor: z.string().nullish() });

const byClass = {
  daily: z.number().optional(),
  weekly: z.number().optional(),
  monthly: z.number().optional(),
  yearly: z.number().optional(),
};

export const retention = z.looseObject({
  from: z.enum(['project', 'source', 'configuration']),
  retention: z.looseObject({
    days: z.number().optional(),
    ...byClass,
    generations: z.looseObject(byClass).optional(),
    timeZone: z.string().optional(),
  }),
});
export type Retention = z.output<typeof retention>;

export const retentionChange = retention.extend({
  kept: z.number(),
  removed: z.number(),
  removedBytes: z.number(),
  backups: z.array(
    z.looseObject({
      createdAt: z.string(),
      size: z.number().optional(),
      fate: z.string(),
      generations: z.array(z.string()).optional(),
      expiresBefore: z.string(),
      expiresAfter: z.string(),
    }),
  ),
});
export type RetentionChange = z.output<typeof retentionChange>;
