import * as z from 'zod';
import { retentionPolicy } from './policy.ts';

/** Body of a request that gives a project a retention policy of its own. */
export const retentionRequest = z.strictObject({
  policy: retentionPolicy,
  /** Only reports what the policy would keep and remove. */
  dryRun: z.boolean().optional(),
});
export type RetentionRequest = z.infer<typeof retentionRequest>;
