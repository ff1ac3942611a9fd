import { makeRestores, makeVerifications } from '../../adapters/dynamodb/jobs.ts';
import type { HistoryTable } from '../../adapters/dynamodb/table.ts';
import { makeValidations } from '../../adapters/dynamodb/validations.ts';
import { iso } from '../../core/backup.ts';
import { uuidv7 } from '../../core/ids.ts';
import type { Job } from '../../core/job.ts';
import type { Restore } from '../../core/restore.ts';
import type { Verification } from '../../core/verification.ts';

/** The rows of restores and verifications in a table of the history. */
export const jobRows = (access: HistoryTable) => ({
  restores: makeRestores(access),
  verifications: makeVerifications(access),
  validations: makeValidations(access),
});

const DAY_MS = 86_400_000;

const job = (now: number): Job => ({
  id: uuidv7(now),
  projectId: 'acme',
  projectName: 'Acme',
  backupId: uuidv7(now),
  source: 'main',
  environment: 'test',
  status: 'pending',
  attempt: 0,
  createdAt: iso(now),
  queuedAt: iso(now),
  expiresAt: iso(now + 365 * DAY_MS),
});

/** A pending restore, requested at that time. */
export const restoreRow = (now: number, given: Partial<Restore> = {}): Restore => ({
  ...job(now),
  mode: 'beside',
  from: 'main',
  schemaName: 'acme',
  into: 'beside',
  owners: 'keep',
  acceptDependents: false,
  dryRun: false,
  ...given,
});

/** A pending verification, requested at that time. */
export const verificationRow = (now: number, given: Partial<Verification> = {}): Verification => ({
  ...job(now),
  compare: 'counts',
  asked: true,
  ...given,
});
