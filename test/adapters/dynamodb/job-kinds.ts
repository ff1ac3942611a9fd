import { expect } from 'vitest';
import { getRow, type HistoryTable, type Row } from '../../../adapters/dynamodb/table.ts';
import { TABLE } from '../../../core/contract.ts';
import type { Job } from '../../../core/job.ts';
import type { JobClaim, JobFindings, Jobs } from '../../../core/job-ports.ts';
import type { Restore } from '../../../core/restore.ts';
import { notRun, type Verification } from '../../../core/verification.ts';
import { jobRows, restoreRow, verificationRow } from '../../support/jobs.ts';

/** Both kinds of jobs keep the same promises: what a suite needs to try them on one kind. */
interface Kind<J extends Job> {
  readonly jobs: Jobs<J>;
  readonly row: (changes?: Partial<Job>) => J;
  readonly findings: JobFindings<J>;
  /** Those that outlive the attempt. */
  readonly lasting: JobFindings<J>;
  readonly prefix: string;
}

export interface JobBench<J extends Job> extends Kind<J> {
  /** Creates a pending row. */
  readonly pending: (changes?: Partial<Job>) => Promise<J>;
  readonly claimed: (job: Job) => Promise<JobClaim>;
  /** The row with what is its storage's own. */
  readonly stored: (job: Job) => Promise<Row | undefined>;
  readonly openIds: (state: 'pending' | 'in-progress' | 'untold') => Promise<string[]>;
}

const benchOf = <J extends Job>(access: HistoryTable, kind: Kind<J>): JobBench<J> => {
  const { jobs, row, prefix } = kind;
  return {
    ...kind,
    pending: async (changes) => {
      const job = row(changes);
      expect(await jobs.create(job)).toBe('created');
      return job;
    },
    claimed: async ({ projectId, id }) => {
      const outcome = await jobs.claim(projectId, id);
      if (outcome.kind !== 'claimed') throw new Error(`not claimed but ${outcome.kind}`);
      return outcome.claim;
    },
    stored: ({ projectId, id }) =>
      getRow(access, { pk: `${TABLE.projectPrefix}${projectId}`, sk: `${prefix}${id}` }),
    openIds: async (state) => {
      const ids: string[] = [];
      for await (const { id } of jobs.open(state)) ids.push(id);
      return ids.sort();
    },
  };
};

const progress = {
  step: 'loading',
  tablesDone: 1,
  tablesTotal: 3,
  bytesRead: 10,
  bytesTotal: 30,
  at: 'now',
} as const;

export const restoreBench = (access: HistoryTable): JobBench<Restore> =>
  benchOf<Restore>(access, {
    jobs: jobRows(access).restores,
    row: (changes) => restoreRow(access.clock(), changes),
    findings: { safetyBackupId: 'b1', progress },
    lasting: { safetyBackupId: 'b1' },
    prefix: TABLE.restorePrefix,
  });

export const verificationBench = (access: HistoryTable): JobBench<Verification> =>
  benchOf<Verification>(access, {
    jobs: jobRows(access).verifications,
    row: (changes) => verificationRow(access.clock(), changes),
    findings: { result: notRun('It is too large.') },
    lasting: { result: notRun('It is too large.') },
    prefix: TABLE.verificationPrefix,
  });
