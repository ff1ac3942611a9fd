import * as z from 'zod';
import { type Condition, isKnownOperator } from './conditions.ts';

/** One statement of a policy. An element and its opposite (`NotAction`) share one member, with `isNegated`. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** In resource policies and in roles' trust policies. */
  readonly principal?: Principal;
  readonly actions: Patterns;
  /** Absent in a role's trust policy. */
  readonly resources?: Patterns;
  readonly conditions: readonly Condition[];
}

export interface Patterns {
  readonly isNegated: boolean;
  readonly patterns: readonly string[];
}

/** `*` under `AWS` represents every caller. */
export type Principal = Readonly<Record<string, readonly string[]>>;

/** A policy contains an element that is not evaluated here. */
export class PolicyNotUnderstood extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'PolicyNotUnderstood';
  }
}

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const scalars = z
  .union([scalar, z.array(scalar)])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const principal = z
  .union([z.literal('*'), z.record(z.string(), oneOrMore)])
  .transform((value): Principal => (value === '*' ? { AWS: ['*'] } : value));

/** Strict: an unknown member might change what the statement allows. */
const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principal.optional(),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Condition: z.record(z.string(), z.record(z.string(), scalars)).default({}),
});

const document = z.strictObject({
  Version: z.literal('2012-10-17').optional(),
  Id: z.string().optional(),
  Statement: z
    .union([statement, z.array(statement)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
});

const patternsOf = (
  plain: readonly string[] | undefined,
  negated: readonly string[] | undefined,
): Patterns | undefined => {
  const patterns = plain ?? negated;
  return patterns && { isNegated: plain === undefined, patterns };
};

type Written = z.output<typeof statement>;

const read = (where: string, written: Written): Statement => {
  const actions = patternsOf(written.Action, written.NotAction);
  if (!actions) throw new PolicyNotUnderstood(where, 'a statement names no action');
  const resources = patternsOf(written.Resource, written.NotResource);
  const conditions = Object.entries(written.Condition).flatMap(([operator, byKey]) =>
    Object.entries(byKey).map(([key, values]) => ({ operator, key, values })),
  );
  for (const { operator } of conditions) {
    if (!isKnownOperator(operator))
      throw new PolicyNotUnderstood(where, `the condition operator ${operator} is not evaluated`);
  }
  const texts = [...(resources?.patterns ?? []), ...conditions.flatMap(({ values }) => values)];
  // A variable of one character represents that character.
  const variable = texts.find((text) => /\$\{(?![*?$]\})/.test(text));
  if (variable !== undefined)
    throw new PolicyNotUnderstood(where, `the policy variable in ${variable} is not evaluated`);
  return {
    effect: written.Effect,
    ...(written.Principal && { principal: written.Principal }),
    actions,
    ...(resources && { resources }),
    conditions,
  };
};

/**
 * The statements of a policy document, its intrinsics resolved.
 * @param where the owner of the policy, for the error
 * @throws PolicyNotUnderstood if the evaluation here would ignore a part of it
 */
export const readPolicy = (where: string, policy: unknown): readonly Statement[] => {
  const { data, error } = document.safeParse(policy);
  if (!data) throw new PolicyNotUnderstood(where, z.prettifyError(error));
  return data.Statement.map((written) => read(where, written));
};
