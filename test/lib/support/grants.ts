import * as z from 'zod';
import type { Synthesis } from './stack.ts';

const oneOrMore = z
  .union([z.array(z.unknown()), z.unknown()])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const policy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      z.object({
        Effect: z.literal('Allow'),
        Action: oneOrMore,
        Resource: oneOrMore,
        Condition: z.unknown().optional(),
      }),
    ),
  }),
});

/** What a role may do: sorted actions by resource, followed by the condition if there is one. */
export const grantsOf = (synthesis: Synthesis, role: string): Record<string, string[]> => {
  const { PolicyDocument } = policy.parse(synthesis.at(`${role}/DefaultPolicy`).Properties);
  const grants: Record<string, string[]> = {};
  for (const { Action, Resource, Condition } of PolicyDocument.Statement) {
    const condition = Condition
      ? ` if ${JSON.stringify(Condition, (_, value) => (value && typeof value === 'object' && 'Fn::Join' in value ? synthesis.text(value) : value))}`
      : '';
    for (const resource of Resource) {
      const key = `${synthesis.text(resource)}${condition}`;
      grants[key] = [...(grants[key] ?? []), ...Action.map(String)].sort();
    }
  }
  return grants;
};
