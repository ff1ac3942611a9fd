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

/** What differs between the kinds of leased work, as data. Their work itself is in their functions. */
export interface WorkKind<W extends LeasedWork> {
  readonly name: WorkName;
  /** The name of the work in the log. */
  readonly task: 'export' | 'restore' | 'verification';
  /** The id's name in messages and in the log. */
  readonly idName: 'backupId' | 'restoreId' | 'verificationId';
  /** Reads its queue's messages. */
  readonly message: z.ZodType<WorkRef>;
  /** The message that reports the end of one item of work. */
  readonly outcomeOf: (ended: WorkRef & { readonly runId?: string }) => OutcomeMessage;
  /** What a failure writes besides the error. */
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

/** Content of the queue's messages; the row holds everything else. */
export const messageOf = (
  { idName }: Pick<WorkKind<LeasedWork>, 'idName'>,
  { projectId, id }: WorkRef,
): Readonly<Record<string, string>> => ({ projectId, [idName]: id });
