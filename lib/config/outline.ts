import * as z from 'zod';

/**
 * The parts of a configuration that the cross-checks read. The form may have mistakes of its own: parts with a
 * wrong form are skipped here, because the form's check reports them. So all mistakes are listed at once.
 */
const text = z.string().optional().catch(undefined);
const names = z.array(z.string()).catch([]);

const login = {
  secretArn: z.unknown().optional(),
  secretKeyArn: z.unknown().optional(),
  iam: z.unknown().optional(),
};

const source = z.object({
  name: text,
  ...login,
  restore: z
    .object({ ...login, from: z.unknown().optional() })
    .optional()
    .catch(undefined),
  schemas: z.unknown().optional(),
  projectQuery: z.unknown().optional(),
  retention: z.unknown().optional(),
  ca: text,
  tls: text,
  vpc: z
    .object({
      vpcId: text,
      endpoints: z
        .union([z.boolean(), z.array(z.string())])
        .default(false)
        .catch(false),
      routeTableIds: z.unknown().optional(),
    })
    .optional()
    .catch(undefined),
});

const schedule = z.object({
  name: text,
  sources: z.unknown().optional(),
  retentionClass: z.unknown().optional(),
});

const listOf = <S extends z.ZodType>(item: S) =>
  z.array(item.optional().catch(undefined)).catch([]);

const outline = z
  .object({
    sources: listOf(source),
    schedules: listOf(schedule),
    export: z.object({ format: text, compression: text, compare: text }).catch({}),
    verification: z.object({ compare: text }).catch({}),
    retention: z.unknown().optional(),
  })
  .catch({ sources: [], schedules: [], export: {}, verification: {} });

export type Outline = z.output<typeof outline>;
export const outlineOf = (value: unknown): Outline => outline.parse(value);

/** The names in a list of sources; none if there is no list, as for a schedule that fires for all sources. */
export const textsOf = (value: unknown): string[] => names.parse(value);
