import * as z from 'zod';
import type { Erasure } from '../../core/erasure.ts';
import { encodePart } from '../../core/keys.ts';
import { path, time } from './public.ts';

/** What the API shows of an erasure. */
const count = z.int();

export const publicErasure = z.object({
  projectId: z.string(),
  status: z.enum(['in-progress', 'completed']),
  requestedAt: time,
  requestedBy: z.string().optional(),
  completedAt: time.optional(),
  waitingFor: count.meta({
    description: 'Backups, restores and verifications of the project that have not stopped yet.',
  }),
  removed: z.object({ objects: count, uploads: count, rows: count, schedules: count }),
  remaining: z
    .object({ reason: z.enum(['object-lock', 'refused']), objects: count })
    .optional()
    .meta({ description: 'Versions of objects that S3 did not remove at the last try, and why.' }),
  links: z.object({ self: path, statement: path.optional() }),
});

export const publicStatement = z.object({
  statement: z
    .string()
    .meta({ description: 'JSON; the signature covers exactly these characters.' }),
  signature: z.object({ algorithm: z.string(), keyId: z.string(), mac: z.string() }),
});

export const erasurePath = (base: string, projectId: string): string =>
  `${base}/projects/${encodePart(projectId)}/erase`;

export const showErasure = (erasure: Erasure, base: string) => {
  const self = erasurePath(base, erasure.projectId);
  const links = { self, ...(erasure.statement && { statement: `${self}/statement` }) };
  return publicErasure.parse({ ...erasure, links });
};
