import { setTimeout as wait } from 'node:timers/promises';
import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { backupKey } from '../../../adapters/dynamodb/rows.ts';
import type { Backup } from '../../../core/backup.ts';
import { TABLE } from '../../../core/contract.ts';
import { uuidv7 } from '../../../core/ids.ts';
import type { Job } from '../../../core/job.ts';
import type { Jobs } from '../../../core/job-ports.ts';
import { keysBeside } from '../../../core/keys.ts';
import type { Grant } from '../../../local/access/grants.ts';
import { PREFIX, type RunningStack } from './running-stack.ts';

/** Projects of the demo. */
export const ACME = `${PREFIX}acme`;
export const GLOBEX = `${PREFIX}globex`;
export const INITECH = `${PREFIX}initech`;

/** What a test does with a stack that runs: as a caller of its API, and as an operator who may change every row. */
export interface Operating {
  /** Waits until a grant has been used. */
  used(holder: RegExp, action: string, resource?: RegExp): Promise<void>;
  /** Completed ones, the newest first. */
  backupsOf(projectId: string): Promise<readonly Backup[]>;
  /** @throws Error if there is none */
  latestOf(projectId: string): Promise<Backup>;
  removeObjects(backup: Backup): Promise<void>;
  /** Posts to the API, and waits until the request has completed. @throws Error if it does not */
  completed(path: string): Promise<string>;
  /**
   * The oldest restore or verification of Globex that succeeded.
   * @throws Error if there is none
   */
  doneOf<J extends Job>(jobs: Pick<Jobs<J>, 'list'>): Promise<J>;
  /** Sets a backup's `ttl`, or removes another attribute of its row. */
  change(backup: Backup, to: { readonly ttl?: number; readonly remove?: string }): Promise<void>;
  /** Waits until no backup waits or runs, so that one step does not block the next. */
  quiet(): Promise<void>;
}

export const isOf = (holder: RegExp, action: string, resource: RegExp) => (grant: Grant) =>
  holder.test(grant.holder) && action === grant.action && resource.test(grant.resource);

/** The second source is there so that IAM keeps the first apart. It has no projects, and its grants are made by the same lines of `lib/`. */
export const isOfOther = ({ holder, resource }: Grant): boolean =>
  /SourceOther/.test(holder) || /SourceOther/.test(resource);

/** A backup's row with another id, whose end was never reported. */
export const copyOf = ({ toldAt: _, ...backup }: Backup, more: Partial<Backup>): Backup => ({
  ...backup,
  id: uuidv7(Date.now()),
  ...more,
});

export const pathOf = ({ projectId, id }: Pick<Backup, 'projectId' | 'id'>): string =>
  `/projects/${projectId}/backups/${id}`;

export const operate = (running: RunningStack): Operating => {
  const { stack, history, document, table, s3, bucket } = running;
  const backupsOf: Operating['backupsOf'] = async (projectId) =>
    (await history.list(projectId, { limit: 50, status: 'completed' })).items;
  return {
    backupsOf,
    used: async (holder, action, resource = /./) => {
      const isMeant = isOf(holder, action, resource);
      const isLeft = (grant: Grant): boolean => isMeant(grant) && !isOfOther(grant);
      while (stack.accessReport().unused.some(isLeft)) await wait(100);
    },
    latestOf: async (projectId) => {
      const [latest] = await backupsOf(projectId);
      if (!latest) throw new Error(`${projectId} has no backup`);
      return latest;
    },
    removeObjects: async ({ fileId = '' }) => {
      const Objects = keysBeside(fileId).map((Key) => ({ Key }));
      await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
    },
    completed: async (path) => {
      const asked = await running.ask('POST', path);
      if (asked.http !== 202) throw new Error(`${path}: ${JSON.stringify(asked)}`);
      const ended = await running.untilEnded(asked.links?.self ?? '');
      if (ended.status !== 'completed') throw new Error(`${path}: ${JSON.stringify(ended)}`);
      return asked.links?.self ?? '';
    },
    doneOf: async (jobs) => {
      const { items } = await jobs.list(GLOBEX, { limit: 20 });
      const found = items.findLast(({ status }) => status === 'completed');
      if (!found) throw new Error(`${GLOBEX} has none`);
      return found;
    },
    change: async ({ projectId, id }, { ttl, remove }) => {
      await document.send(
        new UpdateCommand({
          TableName: table,
          Key: backupKey(projectId, id),
          UpdateExpression: ttl === undefined ? 'REMOVE #name' : 'SET #name = :ttl',
          ExpressionAttributeNames: { '#name': remove ?? TABLE.ttl },
          ...(ttl !== undefined && { ExpressionAttributeValues: { ':ttl': ttl } }),
        }),
      );
    },
    quiet: async () => {
      for (;;) {
        const open: unknown[] = [];
        for (const state of ['pending', 'in-progress'] as const)
          for await (const row of history.open(state)) open.push(row);
        if (open.length === 0) return;
        await wait(200);
      }
    },
  };
};
