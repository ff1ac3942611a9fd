import * as z from 'zod';
import { bytes, path, time } from './public.ts';

/** What the routes of statistics answer; also a filter, as in public.ts. */
const count = z.int();
const share = z.number().min(0).max(1);

const figures = {
  backups: z.object({
    total: count,
    open: count.meta({ description: 'Waiting or running.' }),
    completed: count,
    failed: count,
    cancelled: count,
  }),
  bytes: bytes.meta({ description: 'Stored bytes of the completed backups.' }),
  successRate: share.optional().meta({
    description: 'Completed, of those that completed or failed. Absent if there are none.',
  }),
  verifiedShare: share
    .optional()
    .meta({ description: 'Verified, of those that completed. Absent if there are none.' }),
  meanBytesPerSecond: z
    .number()
    .optional()
    .meta({ description: 'Stored bytes a second of all completed exports.' }),
  lastSuccess: z.object({ projectId: z.string(), backupId: z.string(), at: time }).optional(),
  byDay: z
    .array(
      z.object({
        day: z.iso.date().meta({ description: 'UTC, by the time of creation.' }),
        completed: count,
        failed: count,
        bytes,
      }),
    )
    .meta({ description: 'Every day of the window, the oldest first.' }),
};

const window = z.object({ from: z.iso.date(), to: z.iso.date(), days: count });

const cost = z
  .object({ amount: z.number(), currency: z.literal('USD') })
  .meta({ description: 'Estimate for a month, by the price in core/prices.ts.' });

const complete = z.boolean().meta({
  description:
    'False if there was too much to read in one request; the figures are then too small.',
});

export const statistics = z.object({
  at: time,
  window,
  complete,
  ...figures,
  projects: z.object({
    active: count,
    inactive: count,
    gone: count,
    withoutBackup: count.meta({ description: 'Active ones without a good backup.' }),
    withoutVerified: count.meta({ description: 'Active ones without a verified backup.' }),
  }),
  stored: z.object({ at: time, objects: count, bytes, monthlyCost: cost }).optional().meta({
    description:
      'The whole vault as sweep found it in its last daily round, manifests included. Absent before the first round has ended.',
  }),
});

export const projectStatistics = z.object({
  at: time,
  projectId: z.string(),
  window,
  complete,
  ...figures,
  stored: z.object({ backups: count, bytes, monthlyCost: cost }).meta({
    description: 'Completed backups that exist now, of any age.',
  }),
  links: z.object({ backups: path }),
});
