import * as z from 'zod';
import { backupRequest } from './backup.ts';
import { backupChange } from './backup-change.ts';
import { eraseRequest } from './erasure.ts';
import { elsewhereRequest, restoreRequest, swapRequest } from './restore.ts';
import { retentionRequest } from './retention/request.ts';
import type { RouteSpec } from './routes.ts';
import { scheduleRequest } from './schedules.ts';
import { sourceName } from './settings.ts';
import { verifyRequest } from './verification.ts';

/** Body of a request to start a run by hand: all of it is optional. */
export const runRequest = z.strictObject({
  /** Ids of projects; absent means every active project. */
  projects: z.array(z.string().min(1).max(512)).min(1).max(1000).optional(),
  /** Names of sources; absent means all. */
  sources: z.array(sourceName).min(1).max(100).optional(),
});
export type RunRequest = z.infer<typeof runRequest>;

/** The bodies that `RouteSpec.body` names. */
export const REQUEST_BODIES = {
  BackupRequest: backupRequest,
  BackupChange: backupChange,
  RunRequest: runRequest,
  RestoreRequest: restoreRequest,
  SwapRequest: swapRequest,
  ElsewhereRequest: elsewhereRequest,
  VerifyRequest: verifyRequest,
  ScheduleRequest: scheduleRequest,
  EraseRequest: eraseRequest,
  RetentionRequest: retentionRequest,
} as const satisfies Record<NonNullable<RouteSpec['body']>, z.ZodType>;
