import * as z from 'zod';

/**
 * What the cross-checks look at, read from a configuration whose form may have mistakes of its own: what is
 * no good here is passed over, for the form's check has named it. So all mistakes are listed at once.
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

const schedule = z.object({ name: text, sources: z.unknown().optional() });

const listOf = <S extends z.ZodType>(item: S) =>
  z.array(item.optional().catch(undefined)).catch([]);

const outline = z
  .object({
    sources: listOf(source),
    schedules: listOf(schedule),
    export: z.object({ format: text, compression: text, compare: text }).catch({}),
    verification: z.object({ compare: text }).catch({}),
  })
  .catch({ sources: [], schedules: [], export: {}, verification: {} });

export type Outline = z.output<typeof outline>;
export const outlineOf = (value: unknown): Outline => outline.parse(value);

/** The names in a list of sources, or none where there is no list, as where a schedule fires for all. */
export const textsOf = (value: unknown): string[] => names.parse(value);
