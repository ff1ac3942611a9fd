import type * as z from 'zod';
import type { Backup } from '../backup.ts';
import {
  exportMessage,
  type OutcomeMessage,
  restoreMessage,
  verificationMessage,
} from '../messages.ts';
import type { Restore } from '../restore.ts';
import { notRun, type Verification } from '../verification.ts';
import type { Findings } from './store.ts';
import type { Failure, LeasedWork, WorkName, WorkRef } from './work.ts';

/** All in which the kinds of leased work differ as data. What their workers do is in their functions. */
export interface WorkKind<W extends LeasedWork> {
  readonly name: WorkName;
  /** What its workers do, for the log. */
  readonly task: 'export' | 'restore' | 'verification';
  /** The id's name in messages and in the log. */
  readonly idName: 'backupId' | 'restoreId' | 'verificationId';
  /** Reads its queue's messages. */
  readonly message: z.ZodType<WorkRef>;
  /** Tells that one has ended. */
  readonly outcomeOf: (ended: WorkRef & { readonly runId?: string }) => OutcomeMessage;
  /** Written beside a failure. */
  readonly findingsOf?: (failure: Failure) => Findings<W>;
}

export const BACKUPS: WorkKind<Backup> = {
  name: 'backup',
  task: 'export',
  idName: 'backupId',
  message: exportMessage.transform(({ projectId, backupId: id }) => ({ projectId, id })),
  outcomeOf: ({ projectId, id: backupId, runId }) => ({
    kind: 'backup',
    projectId,
    backupId,
    ...(runId && { runId }),
  }),
};

export const RESTORES: WorkKind<Restore> = {
  name: 'restore',
  task: 'restore',
  idName: 'restoreId',
  message: restoreMessage.transform(({ projectId, restoreId: id }) => ({ projectId, id })),
  outcomeOf: ({ projectId, id: restoreId }) => ({ kind: 'restore', projectId, restoreId }),
};

export const VERIFICATIONS: WorkKind<Verification> = {
  name: 'verification',
  task: 'verification',
  idName: 'verificationId',
  message: verificationMessage.transform(({ projectId, verificationId: id }) => ({
    projectId,
    id,
  })),
  outcomeOf: ({ projectId, id: verificationId }) => ({
    kind: 'verification',
    projectId,
    verificationId,
  }),
  findingsOf: ({ message }) => ({ result: notRun(message) }),
};

/** What its queue's messages hold; the row says everything else. */
export const messageOf = (
  { idName }: Pick<WorkKind<LeasedWork>, 'idName'>,
  { projectId, id }: WorkRef,
): Readonly<Record<string, string>> => ({ projectId, [idName]: id });
